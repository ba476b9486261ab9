#!/usr/bin/env bash
# Makes .libtorch: a link to your LIBTORCH if that is set, else to libtorch 2.11.0 from the Python
# wheel in .venv. Without an NVIDIA GPU only the two small CUDA libraries that libtorch_cpu needs to
# load come along (1.3 GB in all, instead of 4.7).
set -euo pipefail
cd "$(dirname "$0")/.."

if [ -n "${LIBTORCH:-}" ] && [ "$LIBTORCH" != ".libtorch" ]; then
    [ -e "$LIBTORCH/lib/libtorch_cpu.so" ] || {
        echo "LIBTORCH is $LIBTORCH, but there is no lib/libtorch_cpu.so in it" >&2
        exit 1
    }
    ln -sfn "$LIBTORCH" .libtorch
    exit
fi

torch=torch==2.11.0
python3 -m venv .venv || {
    echo "python3 cannot make a virtual environment; on Debian: apt install python3-venv" >&2
    exit 1
}
if nvidia-smi >/dev/null 2>&1; then
    .venv/bin/pip install --quiet "$torch"
else
    .venv/bin/pip install --quiet --no-deps "$torch" 'nvidia-cuda-runtime==13.0.*' 'nvidia-cuda-cupti==13.0.*'
fi
site_packages=$(.venv/bin/python -c 'import os, sysconfig; print(os.path.relpath(sysconfig.get_path("purelib")))')
ln -sfn "$site_packages/torch" .libtorch
