//! `/metrics`, `/healthz` and `/readyz` over HTTP.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::telemetry::log;

/// What the pages show.
pub trait Status: Send + Sync + 'static {
    /// Called before the metrics are written, to bring gauges up to date.
    fn refresh(&self);
    /// Why lookups cannot be answered now, if so.
    fn not_ready(&self) -> Option<String>;
}

/// Scrapers are few; a flood of connections must not take the daemon's file descriptors.
const MAX_CONNECTIONS: usize = 64;
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);

/// Serves the pages until the task is dropped.
pub async fn serve(listener: TcpListener, metrics: PrometheusHandle, status: Arc<dyn Status>) {
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    while let Ok(permit) = Arc::clone(&permits).acquire_owned().await {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                log::accept_failed("http", &error);
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (metrics, status) = (metrics.clone(), Arc::clone(&status));
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let page = page(&request, &metrics, status.as_ref());
                async move { Ok::<_, Infallible>(page) }
            });
            // A client that hangs up early is its own affair.
            let _ = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADER_TIMEOUT)
                .max_buf_size(16 * 1024)
                .serve_connection(TokioIo::new(stream), service)
                .await;
            drop(permit);
        });
    }
}

fn page(
    request: &Request<Incoming>,
    metrics: &PrometheusHandle,
    status: &dyn Status,
) -> Response<Full<Bytes>> {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return text(StatusCode::METHOD_NOT_ALLOWED, "only GET\n".into());
    }
    match request.uri().path() {
        "/metrics" => {
            status.refresh();
            text(StatusCode::OK, metrics.render())
        }
        "/healthz" => text(StatusCode::OK, "ok\n".into()),
        "/readyz" => match status.not_ready() {
            None => text(StatusCode::OK, "ready\n".into()),
            Some(reason) => text(StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {reason}\n")),
        },
        _ => text(StatusCode::NOT_FOUND, "try /metrics, /healthz or /readyz\n".into()),
    }
}

fn text(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}
