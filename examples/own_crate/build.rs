//! Adds the folder of libtorch to the run-time search path of the programs.

fn main() {
    if let Ok(folder) = std::env::var("DEP_HOLONOMY_LIBTORCH_LIB") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
    }
}
