use std::io;

#[crochet::wait_for(timeout = 5.0)]
async fn lookup(name: &str) -> io::Result<usize> {
    let length: u32 = name.len();
    Ok(missing + length)
}

#[crochet::wait_for(timeout = 5.0)]
async fn wrong_value(name: &str) -> io::Result<usize> {
    name.len()
}

fn main() {
    let _: io::Result<usize> = lookup("name");
    let _: io::Result<usize> = wrong_value("name");
}
