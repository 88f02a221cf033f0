//! What teaches at the prompt: completions, manual pages, examples.

mod completions;
mod examples;
mod manual;
