//! The editor of settings: everything outside the hooks stays, and what was put in comes out again.
