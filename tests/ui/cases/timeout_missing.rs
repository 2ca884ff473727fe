use std::io;

#[crochet::wait_for]
async fn ping() -> io::Result<()> {
    Ok(())
}

#[crochet::wait_for(wrapped = original)]
async fn ping_again() -> io::Result<()> {
    Ok(())
}

fn main() -> io::Result<()> {
    ping()?;
    ping_again()
}
