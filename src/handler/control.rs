//! The daemon's own socket: every table, and `explain`, in socketmap form.

use std::sync::Arc;

use crate::directory::Directory;
use crate::handler::table::{no_such_table, now};
use crate::handler::{Handler, TableAnswers};
use crate::lookup::Table;
use crate::lookup::explain::explain;
use crate::protocol::{Reply, Socketmap, socketmap};

/// The name under which an explanation is asked for; its value is JSON.
pub const EXPLAIN: &str = "explain";

/// Serves `postcote query` and `postcote explain`.
#[derive(Debug)]
pub struct ControlHandler<D> {
    answers: Arc<TableAnswers<D>>,
}

impl<D> ControlHandler<D> {
    /// Answers by these.
    pub fn new(answers: Arc<TableAnswers<D>>) -> Self {
        Self { answers }
    }
}

impl<D: Directory + 'static> Handler<Socketmap> for ControlHandler<D> {
    async fn handle(&self, request: socketmap::Request) -> Reply {
        let name = std::str::from_utf8(request.table()).unwrap_or("(not UTF-8)");
        if let Some(table) = Table::parse(name) {
            return self.answers.answer(table, request.key(), socketmap::fits).await;
        }
        if name != EXPLAIN {
            return no_such_table(name);
        }
        let Ok(asked) = std::str::from_utf8(request.key()) else { return Reply::NotFound };
        let told = explain(self.answers.resolver(), asked, now()).await;
        let json = told
            .map_err(|e| e.to_string())
            .and_then(|told| serde_json::to_string(&told).map_err(|e| e.to_string()));
        let reply = json.map_or_else(Reply::Temporary, Reply::Found);
        if socketmap::fits(&reply) {
            return reply;
        }
        Reply::Temporary(
            "the explanation is too long for a reply; use `--from-database`".to_owned(),
        )
    }
}
