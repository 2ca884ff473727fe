use std::io;

#[crochet::wait_for(timout = 5.0, timeout = 1)]
async fn unknown() -> io::Result<()> {
    Ok(())
}

#[crochet::wait_for(timeout = 5.0, timeout = 6.0)]
async fn repeated() -> io::Result<()> {
    Ok(())
}

#[crochet::wait_for(timeout: 5.0)]
async fn colon() -> io::Result<()> {
    Ok(())
}

#[crochet::wait_for(5.0)]
async fn no_name() -> io::Result<()> {
    Ok(())
}

#[crochet::wait_for(timeout = )]
async fn no_value() -> io::Result<()> {
    Ok(())
}

#[crochet::run_in_reactor(timeout = 5.0)]
async fn not_here() -> io::Result<()> {
    Ok(())
}

#[crochet::run_in_reactor(retries = 3)]
async fn unknown_here() -> io::Result<()> {
    Ok(())
}

#[crochet::wait_for(timeout = 5.0, wrapped = same)]
async fn same() -> io::Result<()> {
    Ok(())
}

#[crochet::wait_for(timeout = 5.0, reactor = "mine")]
async fn no_reactor() -> io::Result<()> {
    Ok(())
}

#[crochet::wait_for(timeout = 5.0, error = MyError::new)]
async fn not_wrap() -> io::Result<()> {
    Ok(())
}

#[crochet::run_in_reactor(error = wrap)]
async fn wrap_later() -> io::Result<()> {
    Ok(())
}

fn main() -> io::Result<()> {
    unknown()?;
    repeated()?;
    colon()?;
    no_name()?;
    no_value()?;
    not_here().detach();
    unknown_here().detach();
    same()?;
    not_wrap()?;
    wrap_later().detach();
    no_reactor()
}
