#[derive(Debug)]
pub struct MyError;

#[crochet::wait_for(timeout = 5.0)]
async fn lookup(name: &str) -> Result<usize, MyError> {
    if name.is_empty() { Err(MyError) } else { Ok(name.len()) }
}

fn main() {
    let _: Result<usize, MyError> = lookup("name");
}
