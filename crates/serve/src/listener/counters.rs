//! Counters of the process as samples.

use martydb_model::metrics::{
    SERVE_ANSWERS, SERVE_BREAKER_OPEN, SERVE_BYTES_IN_FLIGHT, SERVE_CACHE_BYTES, SERVE_CACHE_EVICTIONS,
    SERVE_CACHE_HITS, SERVE_CACHE_MISSES, SERVE_CONNECTION_LIMIT, SERVE_CONNECTIONS, SERVE_LIMIT,
    SERVE_REFUSED, SERVE_SECONDS, SERVE_TRANSACTIONS, Sample, Subject,
};

use martydb_model::{LimitScope, SERVE_LIMITS, ServeLimits};

use super::ServedProcess;
use crate::callers::CallerRight;
use crate::run::service::ServedService;

impl ServedProcess {
    /// Returns the samples of all services.
    pub fn samples(&self) -> Vec<Sample> {
        let mut samples = vec![];
        let answers = self.answers.lock().clone();
        let services = self.all();
        for ((service, status), (number, seconds)) in answers {
            let subject = match services.get(&service) {
                Some(one) => one.subject.clone(),
                // A name that was no service's.
                None if service.is_empty() => Subject::default(),
                None => continue,
            };
            let status = status.to_string();
            samples.push(Sample::with(SERVE_ANSWERS, &subject, [&status], number as f64));
            samples.push(Sample::with(SERVE_SECONDS, &subject, [&status], seconds));
        }
        services.values().for_each(|service| of_service(service, &mut samples));
        let none = Subject::default();
        samples.push(Sample::new(SERVE_BYTES_IN_FLIGHT, &none, self.in_flight.bytes() as f64));
        samples.extend(limits(LimitScope::Process, &self.limits, &none));
        samples
    }
}

/// Returns the limits of the table.
fn limits(scope: LimitScope, limits: &ServeLimits, subject: &Subject) -> impl Iterator<Item = Sample> {
    let rows = SERVE_LIMITS.iter().filter(move |row| row.scope == scope);
    rows.map(move |row| Sample::with(SERVE_LIMIT, subject, [row.key], limits[row.limit] as f64))
}

fn of_service(service: &ServedService, samples: &mut Vec<Sample>) {
    let subject = &service.subject;
    for (login, right) in [("read", CallerRight::Read), ("write", CallerRight::Write)] {
        let pool = service.pool(right).connections();
        for (state, number) in [("open", pool.open), ("used", pool.used), ("waiting", pool.waiting)] {
            samples.push(Sample::with(SERVE_CONNECTIONS, subject, [login, state], number as f64));
        }
        samples.push(Sample::with(SERVE_CONNECTION_LIMIT, subject, [login], pool.most as f64));
    }
    samples.extend(limits(LimitScope::Service, &service.exposure.limits.most, subject));
    for (reason, number) in service.guard.refused() {
        samples.push(Sample::with(SERVE_REFUSED, subject, [reason], number as f64));
    }
    if !service.exposure.cache.is_empty() {
        let figures = service.cache.figures();
        samples.push(Sample::new(SERVE_CACHE_HITS, subject, figures.hits as f64));
        samples.push(Sample::new(SERVE_CACHE_MISSES, subject, figures.misses as f64));
        samples.push(Sample::new(SERVE_CACHE_EVICTIONS, subject, figures.evictions as f64));
        samples.push(Sample::new(SERVE_CACHE_BYTES, subject, figures.bytes as f64));
    }
    samples.push(Sample::new(SERVE_TRANSACTIONS, subject, service.transactions.open() as f64));
    samples.push(Sample::new(SERVE_BREAKER_OPEN, subject, f64::from(u8::from(service.breaker.is_open()))));
}
