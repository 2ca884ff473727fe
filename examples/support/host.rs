//! Against requests in the name of another site. A browser can be made to look up that site's name
//! and find this machine; then the site's scripts may read what a server here answers. Such a
//! request has the site's name as its `Host`.

/// Is this value of `Host` a name of this machine? Any port will do, as one may be forwarded to the
/// server's.
pub(crate) fn is_local(host: &str) -> bool {
    let port = host.rfind(':').filter(|_| !host.ends_with(']'));
    let name = &host[..port.unwrap_or(host.len())];
    ["127.0.0.1", "localhost", "[::1]"].iter().any(|local| name.eq_ignore_ascii_case(local))
}
