//! Valid but unreasonable: warnings with advice.
