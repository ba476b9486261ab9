#!/usr/bin/env python3
"""Executes the notebooks on the evcxr kernel and checks what they print.

    python3 notebooks/run.py                 all notebooks, in place
    python3 notebooks/run.py 01_hyperbolic_tour.ipynb
    python3 notebooks/run.py --self-test     proves that bad notebooks are found

Everything it needs is set up once in the checkout's `.venv-notebooks` (a kernel compiled from
crates.io: some ten minutes) and `target/evcxr`; nothing is written to the user's home.

A panic or a compile error in a cell leaves `nbconvert` with exit code 0, so the outputs are read
here. A notebook is replaced only by a run that passed.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
VENV = ROOT / ".venv-notebooks"
CELLS = ROOT / "target" / "evcxr"
EVCXR = "0.22.0"
PYTHON_PACKAGES = ["nbconvert==7.17.2"]
SECONDS_PER_CELL = 3600

COLOR_CODES = re.compile(r"\x1b\[[0-9;]*m")


def environment():
    """The variables under which the kernel finds libtorch and stays inside the checkout."""
    env = dict(os.environ)
    libtorch = Path(env.get("LIBTORCH", ROOT / ".libtorch"))
    library_path = [str(libtorch / "lib"), env.get("LD_LIBRARY_PATH", "")]
    env.update(
        LIBTORCH=str(libtorch),
        LD_LIBRARY_PATH=":".join(filter(None, library_path)),
        EVCXR_TMPDIR=str(CELLS),
        EVCXR_CONFIG_DIR=str(VENV / "etc" / "evcxr"),
        JUPYTER_PATH=str(VENV / "share" / "jupyter"),
        JUPYTER_DATA_DIR=str(VENV / "share" / "jupyter"),
        JUPYTER_CONFIG_DIR=str(VENV / "etc" / "jupyter"),
        JUPYTER_RUNTIME_DIR=str(VENV / "runtime"),
        IPYTHONDIR=str(VENV / "etc" / "ipython"),
    )
    return env


def set_up():
    """Installs the kernel and nbconvert where they are missing."""
    python = VENV / "bin" / "python"
    stamp = VENV / "installed.txt"
    wanted = "\n".join([f"evcxr_jupyter {EVCXR}", *PYTHON_PACKAGES])
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print(f"setting up {VENV.name} (once, some minutes)", flush=True)
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *PYTHON_PACKAGES], check=True)
    install = ["cargo", "install", "evcxr_jupyter", "--version", EVCXR, "--locked"]
    subprocess.run([*install, "--root", VENV], check=True)
    kernel = [VENV / "bin" / "evcxr_jupyter", "--install"]
    subprocess.run(kernel, check=True, env=environment(), stdout=subprocess.DEVNULL)
    stamp.write_text(wanted)


def execute(notebook, folder):
    """The executed notebook; cells that fail do not stop it."""
    CELLS.mkdir(parents=True, exist_ok=True)
    for place in ["runtime", "etc/ipython"]:
        (VENV / place).mkdir(parents=True, exist_ok=True)
    # The cells use the versions that the crate is tested with.
    shutil.copy(ROOT / "Cargo.lock", CELLS / "Cargo.lock")
    done = CELLS / "executed.ipynb"
    done.unlink(missing_ok=True)
    command = [VENV / "bin" / "python", "-m", "nbconvert", "--log-level=WARN"]
    command += ["--to=notebook", "--execute", "--allow-errors"]
    command += [f"--ExecutePreprocessor.timeout={SECONDS_PER_CELL}"]
    command += ["--ExecutePreprocessor.record_timing=False"]
    command += [f"--output-dir={CELLS}", f"--output={done.stem}", notebook]
    subprocess.run(command, check=True, env=environment(), cwd=folder)
    return json.loads(done.read_text())


def text_of(value):
    return value if isinstance(value, str) else "".join(value)


def promises_a_value(source):
    """Whether the cell ends in an expression, whose value must then be shown."""
    lines = [line.split("//")[0].strip() for line in source.splitlines()]
    last = next((line for line in reversed(lines) if line), "")
    return bool(last) and not last.startswith(":") and not last.endswith((";", "}"))


def problems(notebook):
    """What is wrong with an executed notebook, one line each."""
    found = []
    cells = [c for c in notebook["cells"] if c["cell_type"] == "code"]
    if not cells:
        found.append("no code cells")
    for i, cell in enumerate(cells, 1):
        source = text_of(cell["source"])
        if not source.strip():
            continue
        if cell.get("execution_count") is None:
            found.append(f"code cell {i} was not executed")
        outputs = cell.get("outputs", [])
        for output in outputs:
            # Compile errors are "error" outputs; panics and returned errors are printed to stderr,
            # where a cell that works prints nothing.
            message = ""
            if output["output_type"] == "error":
                message = "\n".join(output.get("traceback", [])) or output.get("evalue", "error")
            elif output.get("name") == "stderr":
                message = text_of(output["text"])
            if message:
                message = COLOR_CODES.sub("", message).strip()
                found.append(f"code cell {i} failed: {message}")
        values = {"execute_result", "display_data"}
        if promises_a_value(source) and not any(o["output_type"] in values for o in outputs):
            found.append(f"code cell {i} shows no value")
    return found


def scrub(notebook):
    """Takes out what differs between machines and runs."""
    for cell in notebook["cells"]:
        cell.get("metadata", {}).pop("execution", None)
        # A loop at the end of a cell shows its unit value, which says nothing.
        outputs = cell.get("outputs", [])
        if outputs:
            cell["outputs"] = [
                o for o in outputs if text_of(o.get("data", {}).get("text/plain", "")) != "()"
            ]
    notebook["metadata"] = {
        "kernelspec": {"display_name": "Rust", "language": "rust", "name": "rust"},
        "language_info": {"file_extension": ".rs", "name": "Rust"},
    }
    text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    return text.replace(str(ROOT), "..")


def absolute_paths(text):
    """Folders of this machine that a text names."""
    return [p for p in {str(ROOT), str(Path.home()), "/tmp/"} if p != "/" and p in text]


def run(path):
    print(f"{path.name} ...", flush=True)
    executed = execute(path, path.parent)
    found = problems(executed)
    text = scrub(executed)
    found += [f"the outputs name {p}" for p in absolute_paths(text)]
    for problem in found:
        print(f"{path.name}: {problem}", file=sys.stderr)
    if found:
        return False
    temporary = path.with_suffix(".tmp")
    temporary.write_text(text)
    temporary.replace(path)
    print(f"{path.name} ok ({path.stat().st_size // 1024} KiB)", flush=True)
    return True


def notebook_of(*sources):
    cells = [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": f"cell-{i}",
            "metadata": {},
            "outputs": [],
            "source": source,
        }
        for i, source in enumerate(sources)
    ]
    kernel = {"kernelspec": {"display_name": "Rust", "language": "rust", "name": "rust"}}
    return {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}


def self_test():
    """Runs notebooks that must be refused, and one that must pass."""
    folder = ROOT / "target" / "notebook-self-test"
    folder.mkdir(parents=True, exist_ok=True)
    cases = {
        "good": (["let x = 20;", "x + 1", "assert_eq!(x, 20);"], None),
        "panics": (["assert_eq!(1 + 1, 3);", "5 + 5"], "panicked"),
        "does_not_compile": (['let x: u32 = "text";', "5 + 5"], "mismatched types"),
        "returns_an_error": (['let x: u32 = "text".parse()?;', "5 + 5"], "invalid digit"),
        "dies": (["std::process::abort();"], "failed"),
    }
    wrong = []
    for name, (sources, expected) in cases.items():
        path = folder / f"{name}.ipynb"
        path.write_text(json.dumps(notebook_of(*sources)))
        executed = execute(path, folder)
        found = "\n".join(problems(executed))
        passed = found == "" if expected is None else expected in found
        print(f"{name}: {'as expected' if passed else 'NOT as expected'}: {found or 'no problem'}")
        wrong += [] if passed else [name]
        if name == "good":
            for cell in executed["cells"]:
                cell["outputs"] = []
            emptied = problems(executed)
            print(f"without outputs: {emptied}")
            wrong += [] if emptied == ["code cell 2 shows no value"] else ["without outputs"]
    unexecuted = problems(notebook_of("let x = 1;"))
    print(f"not executed: {unexecuted}")
    wrong += [] if unexecuted == ["code cell 1 was not executed"] else ["not executed"]
    if wrong:
        print(f"self-test failed: {', '.join(wrong)}", file=sys.stderr)
    return not wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", help="names below notebooks/ (default: all)")
    parser.add_argument("--self-test", action="store_true", help="prove that failures are found")
    options = parser.parse_args()
    set_up()
    if options.self_test:
        return 0 if self_test() else 1
    paths = [NOTEBOOKS / name for name in options.notebooks] or sorted(NOTEBOOKS.glob("*.ipynb"))
    missing = [path.name for path in paths if not path.exists()]
    if missing or not paths:
        print(f"no such notebook: {', '.join(missing) or 'notebooks/*.ipynb'}", file=sys.stderr)
        return 2
    results = [run(path) for path in paths]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
