use std::io;
use std::rc::Rc;

#[crochet::run_in_reactor]
async fn length(name: Rc<str>) -> io::Result<usize> {
    Ok(name.len())
}

fn main() {
    length("name".into()).detach();
}
