use std::io;

#[crochet::wait_for(timeout = seconds)]
async fn computed(seconds: f64) -> io::Result<()> {
    let _ = seconds;
    Ok(())
}

#[crochet::wait_for(timeout = f64::INFINITY)]
async fn infinite() -> io::Result<()> {
    Ok(())
}

#[crochet::wait_for(timeout = "5s")]
async fn text() -> io::Result<()> {
    Ok(())
}

fn main() -> io::Result<()> {
    computed(1.0)?;
    infinite()?;
    text()
}
