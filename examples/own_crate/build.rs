//! Programs look for libtorch where it was when they were built.

fn main() {
    if let Ok(folder) = std::env::var("DEP_HOLONOMY_LIBTORCH_LIB") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
    }
}
