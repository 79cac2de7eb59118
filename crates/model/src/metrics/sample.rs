//! One measured value with its labels.

use super::Metric;
use crate::DesiredService;
use crate::error::Error;

/// Subject of a series. All three fields are labels of every series; those that do not apply are empty, which
/// Prometheus treats like a missing label (<https://prometheus.io/docs/concepts/data_model/>).
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    pub service: String,
    pub server: String,
    pub database: String,
}

impl Subject {
    /// Makes the subject for the monitor itself.
    pub fn monitor() -> Subject {
        Subject::default()
    }

    /// Makes the subject for a server as a whole.
    pub fn server(server: &str) -> Subject {
        Subject { server: server.to_owned(), ..Subject::default() }
    }

    /// Makes the subject for a service's database.
    pub fn service(service: &DesiredService) -> Subject {
        Subject {
            service: service.name.to_string(),
            server: service.server.clone(),
            database: service.database.to_string(),
        }
    }
}

/// Samples of a server that was measured.
pub struct ServerSamples {
    pub samples: Vec<Sample>,
    /// Subjects whose samples these are.
    pub subjects: Vec<Subject>,
    /// Reason why the server could not be read.
    pub failure: Option<Error>,
}

/// A value of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    pub metric: &'static Metric,
    pub subject: Subject,
    /// Values of the metric's own labels, in its order.
    pub labels: Vec<String>,
    pub value: f64,
}

impl Sample {
    pub fn new(metric: &'static Metric, subject: &Subject, value: f64) -> Sample {
        Sample::with(metric, subject, [], value)
    }

    /// Makes a sample with values for the metric's own labels.
    pub fn with<const N: usize>(
        metric: &'static Metric,
        subject: &Subject,
        labels: [&str; N],
        value: f64,
    ) -> Sample {
        debug_assert_eq!(metric.labels.len(), N, "{}", metric.name);
        let labels = labels.into_iter().map(str::to_owned).collect();
        Sample { metric, subject: subject.clone(), labels, value }
    }
}
