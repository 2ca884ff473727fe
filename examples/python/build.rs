//! What macOS's linker has to know of an extension module; maturin says it as well.

fn main() {
    pyo3_build_config::add_extension_module_link_args();
}
