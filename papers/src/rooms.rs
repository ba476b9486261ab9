//! The order of the rooms of the library and of this program, as tests.
//!
//! In the library a room imports only those before it in [`LIBRARY`]. In this program `harness` knows
//! no paper, `data` knows the harness alone, papers know neither each other nor what stands above them.
//! No files import each other in a circle, and none is long.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A module by its path from the root, such as `["harness", "files"]`.
type Module = Vec<String>;

/// What each file imports.
type Imports = BTreeMap<Module, BTreeSet<Module>>;

/// Rooms that every paper may use, each with those below it.
const SHARED: [(&str, &[&str]); 2] = [("harness", &[]), ("data", &["harness"])];

/// The rooms of the library, each after those that it may import.
const LIBRARY: [&str; 19] = [
    "error",
    "random",
    "source",
    "device",
    "numerics",
    "checkpoint",
    "manifold",
    "manifolds",
    "metric",
    "graph",
    "scores",
    "optim",
    "stats",
    "learn",
    "laws",
    "embed",
    "magnitude",
    "nn",
    "plot",
];

/// The most lines of code in a file, without comments and blank lines.
const LONGEST: usize = 600;

#[test]
fn no_room_imports_upwards() {
    let papers = imports(&root());
    assert!(papers.len() > 100, "{} files", papers.len());
    assert_eq!(upward(&papers, may_import), Vec::<String>::new());
    let library = imports(&library());
    assert!(library.len() > 150, "{} files", library.len());
    assert_eq!(upward(&library, is_before), Vec::<String>::new());
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    assert_eq!(circles(&imports(&root())), Vec::<Vec<Module>>::new());
    // In the library a file and those in its folder count as one.
    let mut library = imports(&library());
    for (module, imported) in &mut library {
        imported.retain(|other| !module.starts_with(other) && !other.starts_with(module));
    }
    assert_eq!(circles(&library), Vec::<Vec<Module>>::new());
}

#[test]
fn no_file_is_long() {
    let tests = [root(), library()].map(|folder| folder.join("../tests"));
    for folder in [root(), library()].into_iter().chain(tests) {
        let mut files = BTreeMap::new();
        collect(&folder, &Vec::new(), &mut files);
        for (module, text) in files {
            let lines = lines_of_code(&text);
            assert!(lines <= LONGEST, "{} has {lines}", module.join("/"));
        }
    }
}

#[test]
fn comments_and_blank_lines_are_no_code() {
    assert_eq!(
        lines_of_code("// a\n\nfn f() {\n    /// b\n    g(); // c\n}\n"),
        3
    );
}

#[test]
fn a_circle_and_an_upward_import_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("main.rs", "mod a2000; mod harness; mod cli;");
    write("cli.rs", "use crate::a2000::run;");
    write("harness/mod.rs", "pub(crate) mod files;");
    write(
        "harness/files.rs",
        "// use crate::cli;\nuse crate::{cli::Outcome, harness};",
    );
    write("a2000/mod.rs", "mod one;\nmod two;\nuse one::{f, g};");
    write("a2000/one.rs", "use super::two::{\n    self, h as k,\n};");
    write("a2000/two.rs", "fn h() { super::one::f() }");
    let imports = imports(folder.path());
    let module = |path: &str| path.split('/').map(str::to_owned).collect::<Module>();
    assert_eq!(upward(&imports, may_import), ["harness/files imports cli"]);
    write("numerics.rs", "use crate::optim::Step;");
    write("optim.rs", "use crate::numerics::{a, b};");
    let imports = self::imports(folder.path());
    assert!(upward(&imports, is_before).contains(&"numerics imports optim".to_owned()));
    let circle = |a: &str, b: &str| vec![module(a), module(b)];
    assert_eq!(
        circles(&imports),
        [
            circle("a2000/one", "a2000/two"),
            circle("numerics", "optim")
        ]
    );
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn library() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../src")
}

fn lines_of_code(text: &str) -> usize {
    let lines = text.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .count()
}

/// Whether a room of this program may import another.
fn may_import(from: &str, to: &str) -> bool {
    let is_paper = |room: &str| room.ends_with(|c: char| c.is_ascii_digit());
    match SHARED.iter().find(|(room, _)| *room == from) {
        Some((_, below)) => below.contains(&to),
        None if is_paper(from) => SHARED.iter().any(|(room, _)| *room == to),
        None => true,
    }
}

/// Whether a room of the library may import another: one that has no place may not.
fn is_before(from: &str, to: &str) -> bool {
    let place = |room: &str| LIBRARY.iter().position(|other| *other == room);
    place(from).is_some_and(|from| place(to).is_some_and(|to| to < from))
}

/// Imports of a room by one that may not know it.
fn upward(imports: &Imports, may_import: impl Fn(&str, &str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for (module, imported) in imports {
        for other in imported {
            if let (Some(from), Some(to)) = (module.first(), other.first())
                && from != to
                && !may_import(from, to)
            {
                found.push(format!("{} imports {}", module.join("/"), other.join("/")));
            }
        }
    }
    found
}

/// Sets of more than one file, each of which leads to every other by imports.
fn circles(imports: &Imports) -> Vec<Vec<Module>> {
    let reached = |from: &Module| {
        let mut seen = BTreeSet::new();
        let mut open = vec![from];
        while let Some(module) = open.pop() {
            for next in &imports[module] {
                if seen.insert(next) {
                    open.push(next);
                }
            }
        }
        seen
    };
    let reached: BTreeMap<&Module, BTreeSet<&Module>> = imports
        .keys()
        .map(|module| (module, reached(module)))
        .collect();
    let circle = |module: &Module| {
        let others = reached[module]
            .iter()
            .filter(|other| reached[**other].contains(module));
        others.map(|other| (*other).clone()).collect::<Vec<_>>()
    };
    let circles: BTreeSet<Vec<Module>> = imports.keys().map(circle).collect();
    circles
        .into_iter()
        .filter(|circle| circle.len() > 1)
        .collect()
}

/// The imports of all files below `root`, which itself is left out: it declares the rooms.
fn imports(root: &Path) -> Imports {
    let mut files = BTreeMap::new();
    collect(root, &Vec::new(), &mut files);
    files.remove(&Vec::new());
    let known: BTreeSet<Module> = files.keys().cloned().collect();
    let of_file = |(module, text): (Module, String)| {
        let paths = paths(&text).into_iter();
        let imported = paths.filter_map(|path| resolve(&known, &module, &path));
        let imported = imported.filter(|other| *other != module).collect();
        (module, imported)
    };
    files.into_iter().map(of_file).collect()
}

fn collect(folder: &Path, module: &Module, files: &mut BTreeMap<Module, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let inner: Module = module.iter().cloned().chain([name.clone()]).collect();
        if path.is_dir() {
            collect(&path, &inner, files);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let own = ["mod", "main", "lib"].contains(&name.as_str());
            files.insert(if own { module.clone() } else { inner }, text);
        }
    }
}

/// All paths that a file names: those after `use`, one for each leaf, and those in its code. Comments
/// and what follows the first `#[cfg(test)]` are no imports.
fn paths(text: &str) -> Vec<String> {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default());
    let text = lines.collect::<Vec<_>>().join(" ");
    let mut paths = Vec::new();
    for statement in text.split(';') {
        if let Some((_, tree)) = statement.rsplit_once("use ") {
            leaves("", tree.trim(), &mut paths);
        }
    }
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let words = text.split(|c| !is_part(c));
    let written = words.filter(|word| word.starts_with("crate::") || word.starts_with("super::"));
    paths.extend(written.map(|word| word.trim_end_matches(':').to_owned()));
    paths
}

/// The leaves of a tree of imports: `a::{b, c::d}` has `a::b` and `a::c::d`.
fn leaves(before: &str, tree: &str, paths: &mut Vec<String>) {
    let Some((stem, rest)) = tree.split_once('{') else {
        let name = tree.split(" as ").next().unwrap_or_default();
        paths.push(format!("{before}{}", name.trim()));
        return;
    };
    let stem = format!("{before}{}", stem.trim());
    let (mut depth, mut start) = (0, 0);
    let inside = rest.trim_end().strip_suffix('}').unwrap_or(rest);
    for (place, c) in inside.char_indices().chain([(inside.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let part = inside[start..place].trim();
                if !part.is_empty() {
                    leaves(&stem, part, paths);
                }
                start = place + 1;
            }
            _ => {}
        }
    }
}

/// The file that a path in a module leads into.
fn resolve(known: &BTreeSet<Module>, module: &Module, path: &str) -> Option<Module> {
    let mut parts = path.split("::").peekable();
    let mut place = match *parts.peek()? {
        "crate" => {
            parts.next();
            Vec::new()
        }
        "self" => {
            parts.next();
            module.clone()
        }
        "super" => {
            let mut place = module.clone();
            while parts.next_if_eq(&"super").is_some() {
                place.pop();
            }
            place
        }
        child => {
            let inner: Module = module.iter().cloned().chain([child.to_owned()]).collect();
            known.contains(&inner).then_some(module.clone())?
        }
    };
    for part in parts {
        place.push(part.to_owned());
        if !known.contains(&place) {
            place.pop();
            break;
        }
    }
    (!place.is_empty()).then_some(place)
}
