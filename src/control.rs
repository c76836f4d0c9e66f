//! The admin socket, `<data dir>/admin.sock`: commands reach the server that runs on the same data folder.
//!
//! One command per connection. The caller sends one line of JSON (a [`message::Head`]) and, right behind it, as many bytes
//! as that announces; the server answers with lines of JSON (a [`message::Reply`] each), the last of which is the end.
//! Who may open the socket is admin: its mode is 600.

pub(crate) mod client;
pub(crate) mod message;
pub(crate) mod server;

/// The socket's name in the data folder.
const NAME: &str = "admin.sock";
