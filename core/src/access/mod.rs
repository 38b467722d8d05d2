//! Who may call what: the operations of the API in one table, the roles and scopes that open them, and whose things a
//! caller may touch.
//!
//! ```text
//! method, path ── Operation ── needs ── Caller::may ── Caller::owner ── the call itself
//! ```

pub mod caller;
pub mod identity;
pub mod operation;
pub mod owner;
pub mod scope;

pub use caller::{Caller, Guest, Principal, Role};
pub use identity::Identity;
pub use operation::{Found, Operation};
pub use owner::{Owner, OwnerTag};
pub use scope::{Access, Resource, Scope};
