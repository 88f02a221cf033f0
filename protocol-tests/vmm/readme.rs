//! The table in the README leads from each old command to one that exists.
