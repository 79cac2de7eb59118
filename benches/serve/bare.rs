//! Bare HTTP program with the driver of the data service: no parser of requests, no callers, no limits and no audit.
//! `run.py` measures `martydb serve` against it. Arguments: URL of the database, address to listen on, size of the pool.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use tokio_postgres::NoTls;
use tokio_postgres::types::ToSql;

type Headers = [(HeaderName, &'static str); 1];

const JSON: Headers = [(CONTENT_TYPE, "application/json; charset=utf-8")];
const CLAIMS: &str = "SELECT set_config('request.jwt.claims', $1, true)";
const KEY: &str = "SELECT coalesce(json_agg(t), '[]')::text FROM (SELECT * FROM orders WHERE id = $1) t";
const ROWS: &str =
    "SELECT coalesce(json_agg(t), '[]')::text FROM (SELECT * FROM orders ORDER BY id LIMIT $1) t";
const EMBED: &str = "SELECT coalesce(json_agg(t), '[]')::text FROM (SELECT o.*, (SELECT coalesce(json_agg(l), '[]') \
                     FROM (SELECT * FROM lines WHERE order_id = o.id) l) AS lines FROM orders o WHERE id = $1) t";
const INSERT: &str = "INSERT INTO orders (customer, status, total) SELECT customer, status, total \
                      FROM json_populate_record(NULL::orders, $1::text::json) RETURNING row_to_json(orders)::text";

/// One answer in a transaction with claims, as the data service has: four messages that are sent without waiting.
async fn answer(pool: &Pool, begin: &str, sql: &str, value: &(dyn ToSql + Sync)) -> String {
    let client = pool.get().await.expect("a connection");
    let statement = client.prepare_cached(sql).await.expect("a statement");
    let claims = client.prepare_cached(CLAIMS).await.expect("a statement");
    let caller = r#"{"caller":"bench"}"#;
    let caller: [&(dyn ToSql + Sync); 1] = [&caller];
    let values = [value];
    let (_, _, row, _) = tokio::try_join!(
        client.batch_execute(begin),
        client.query_one(&claims, &caller),
        client.query_one(&statement, &values),
        client.batch_execute("COMMIT"),
    )
    .expect("an answer");
    row.get(0)
}

async fn read(pool: &Pool, sql: &str, number: i64) -> impl IntoResponse + use<> {
    (JSON, answer(pool, "BEGIN READ ONLY", sql, &number).await)
}

async fn insert(State(pool): State<Arc<Pool>>, body: String) -> impl IntoResponse {
    (StatusCode::CREATED, JSON, answer(&pool, "BEGIN", INSERT, &body).await)
}

#[tokio::main]
async fn main() {
    let mut words = std::env::args().skip(1);
    let mut word = || words.next().expect("URL, address and size of the pool");
    let (url, address, size) = (word(), word(), word());
    let settings = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(url.parse().expect("a URL"), NoTls, settings);
    let pool = Pool::builder(manager).max_size(size.parse().expect("a number")).build().expect("a pool");
    let app = Router::new()
        .route(
            "/key/{id}",
            get(|State(pool): State<Arc<Pool>>, Path(id)| async move { read(&pool, KEY, id).await }),
        )
        .route(
            "/rows/{n}",
            get(|State(pool): State<Arc<Pool>>, Path(n)| async move { read(&pool, ROWS, n).await }),
        )
        .route(
            "/embed/{id}",
            get(|State(pool): State<Arc<Pool>>, Path(id)| async move { read(&pool, EMBED, id).await }),
        )
        .route("/insert", post(insert))
        .with_state(Arc::new(pool));
    let listener = tokio::net::TcpListener::bind(address).await.expect("a free address");
    axum::serve(listener, app).await.expect("a server");
}
