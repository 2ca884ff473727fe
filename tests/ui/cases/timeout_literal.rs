use std::io;

#[crochet::wait_for(timeout = 0)]
async fn zero() -> io::Result<()> {
    Ok(())
}

#[crochet::wait_for(timeout = 0.000_000_000_1)]
async fn rounded_to_zero() -> io::Result<()> {
    Ok(())
}

#[crochet::wait_for(timeout = -1.5)]
async fn negative() -> io::Result<()> {
    Ok(())
}

#[crochet::wait_for(timeout = 1e400)]
async fn infinite() -> io::Result<()> {
    Ok(())
}

#[crochet::wait_for(timeout = 18446744073709551616)]
async fn too_large() -> io::Result<()> {
    Ok(())
}

#[crochet::wait_for(timeout = 5s)]
async fn with_a_unit() -> io::Result<()> {
    Ok(())
}

#[crochet::wait_for(timeout = 2.5f64)]
async fn with_a_type() -> io::Result<()> {
    Ok(())
}

fn main() -> io::Result<()> {
    zero()?;
    rounded_to_zero()
}
