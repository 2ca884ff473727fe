use std::io;
use std::rc::Rc;

#[crochet::wait_for(timeout = 5.0)]
async fn lookup(name: &str) -> io::Result<Rc<usize>> {
    Ok(Rc::new(name.len()))
}

fn main() {
    let _ = lookup("name");
}
