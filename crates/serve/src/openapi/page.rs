//! Page that shows the OpenAPI document by Swagger UI, whose files are beside the program. It needs no key:
//! it is static and equal for all services. Its security policy allows this origin only.

use std::path::Path;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use martydb_model::error::{Error, Result};
use martydb_os::read_named;

/// Files of the package `swagger-ui-dist` that the page loads.
const FILES: [(&str, &str); 2] = [
    ("swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
    ("swagger-ui.css", "text/css; charset=utf-8"),
];

/// Headers of the page and its files. Swagger UI sets styles of single elements and has pictures in `data:`.
const HEADERS: [(HeaderName, &str); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-cache"),
];

/// The page and its files.
#[derive(Debug)]
pub struct ApiPage {
    /// Each with its name below the page, and its media type.
    files: Vec<(String, &'static str, Bytes)>,
}

impl ApiPage {
    /// Reads the files from a folder of the package `swagger-ui-dist`.
    ///
    /// # Errors
    /// If the folder does not have them.
    pub fn read(folder: &Path) -> Result<ApiPage> {
        let own = [
            ("", "text/html; charset=utf-8", include_str!("page/page.html")),
            ("/start.js", "text/javascript; charset=utf-8", include_str!("page/start.js")),
        ];
        let own =
            own.map(|(name, media, text)| (name.to_owned(), media, Bytes::from_static(text.as_bytes())));
        let mut files = Vec::from(own);
        for (name, media) in FILES {
            files.push((format!("/{name}"), media, read_file(&folder.join(name))?));
        }
        Ok(ApiPage { files })
    }

    /// Returns the answer to a request of the page or a file, or `None` for another path behind `/{service}/api/`.
    pub fn answer(&self, method: &Method, path: &str) -> Option<Response> {
        let name = path.strip_prefix("docs")?;
        let (_, media, content) = self.files.iter().find(|(known, ..)| known == name)?;
        let mut response = match *method {
            Method::GET | Method::HEAD => Response::new(Body::from(content.clone())),
            _ => {
                let mut refused = Response::new(Body::empty());
                *refused.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
                refused
            }
        };
        let headers = HEADERS.into_iter().chain([(header::CONTENT_TYPE, *media)]);
        response.headers_mut().extend(headers.map(|(name, value)| (name, HeaderValue::from_static(value))));
        Some(response)
    }
}

fn read_file(path: &Path) -> Result<Bytes> {
    let wrong = |why: String| {
        Error::manifest(format!("{} cannot be used: {why}", path.display()))
            .hint("npm install swagger-ui-dist, and `docs: node_modules/swagger-ui-dist` under `serve`")
    };
    read_named(path).map(Bytes::from).map_err(|error| wrong(error.to_string()))
}
