//! Tells the build scripts of dependent crates, as `DEP_HOLONOMY_LIBTORCH_LIB`, the folder of the
//! libraries that `torch-sys` has found.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // With the feature `doc-only` there is none.
    if let Ok(folder) = std::env::var("DEP_TCH_LIBTORCH_LIB") {
        println!("cargo::metadata=libtorch_lib={folder}");
    }
}
