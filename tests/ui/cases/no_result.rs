#[crochet::wait_for(timeout = 5.0)]
async fn nothing(name: &str) {
    let _ = name;
}

#[crochet::run_in_reactor]
async fn nothing_later(name: String) {
    let _ = name;
}

#[crochet::run_in_reactor]
async fn unit(name: String) -> () {
    let _ = name;
}

#[crochet::wait_for(timeout = 5.0)]
async fn pair(name: &str) -> (usize, bool) {
    (name.len(), true)
}

fn main() {
    unit("name".to_owned()).detach();
    pair("name");
    nothing("name");
    nothing_later("name".to_owned()).detach();
}
