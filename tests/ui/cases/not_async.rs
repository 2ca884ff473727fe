use std::io;

#[crochet::wait_for(timeout = 5.0)]
fn lookup(name: &str) -> io::Result<usize> {
    Ok(name.len())
}

#[crochet::run_in_reactor]
pub fn count(name: String) -> io::Result<usize> {
    Ok(name.len())
}

fn main() {
    let _: io::Result<usize> = lookup("name");
}
