//! Limits of the data service: one table, from which the manifest's keys, the reference and the metrics follow.

use std::ops::Index;

/// A limit of the data service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServeLimit {
    Rows,
    Conditions,
    Values,
    Depth,
    Columns,
    Steps,
    Body,
    Answer,
    Streams,
    Order,
    Operations,
    Transactions,
    Connections,
    PerAddress,
    Requests,
    InFlight,
    Progress,
}

/// Part of the manifest that sets a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitScope {
    /// `serve`, for the process.
    Process,
    /// `serve: { limits }` of a service.
    Service,
}

/// A row of the table.
#[derive(Debug)]
pub struct LimitRow {
    pub limit: ServeLimit,
    pub scope: LimitScope,
    /// Key in the manifest.
    pub key: &'static str,
    pub default: u64,
    /// Largest value that the manifest may set; the smallest is 1.
    pub largest: u64,
    /// Subject of the limit, with its unit.
    pub subject: &'static str,
    /// Answer where the limit is passed.
    pub answer: &'static str,
}

macro_rules! limits {
    ($($scope:ident $limit:ident $key:literal = $default:expr, $largest:expr, $subject:literal, $answer:literal;)*) => {
        /// All limits, in the order of [`ServeLimit`].
        pub const SERVE_LIMITS: &[LimitRow] = &[$(LimitRow {
            limit: ServeLimit::$limit, scope: LimitScope::$scope, key: $key, default: $default, largest: $largest,
            subject: $subject, answer: $answer,
        }),*];

        /// Values of all limits.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct ServeLimits([u64; [$($key),*].len()]);

        impl Default for ServeLimits {
            fn default() -> ServeLimits {
                ServeLimits([$($default),*])
            }
        }
    };
}

limits! {
    Service Rows "rows" = 1000, u32::MAX as u64, "rows of an answer and of each embedded relation", "the first rows; `count=exact` tells how many there are";
    Service Conditions "conditions" = 20, 1000, "conditions of a request", "400, code MDB009";
    Service Values "values" = 100, 10_000, "values of one `in`, `any` or `all`", "400, code MDB009";
    Service Depth "depth" = 5, 16, "levels of embedded relations", "400, code MDB009";
    Service Columns "columns" = 250, 1600, "entries of all `select`, `group` and `aggregates` of a request", "400, code MDB009";
    Service Steps "steps" = 16, 100, "steps into a JSON value", "400, code MDB009";
    Service Body "body" = 1 << 20, 64 << 20, "bytes of the body of a request", "413, code MDB009";
    Service Answer "answer" = 8 << 20, 32 << 20, "bytes of the body of an answer; lines of `application/x-ndjson` may have eight times as many", "400, code MDB009; lines end before the end of the answer";
    Service Streams "streams" = 4, 1000, "answers of a caller that are read while they are sent; at most half of the pool's connections", "429, code MDB002";
    Service Order "order" = 64, 256, "terms of all orders of a request", "400, code MDB009";
    Service Operations "operations" = 100, 1000, "operations of one batch", "400, code MDB009";
    Service Transactions "transactions" = 2, 1000, "open transactions of a caller; at most a quarter of the pool's connections for all callers", "429, code MDB002";
    Process Connections "connections" = 1024, 65_536, "open connections of the process", "503 on one of 64 further connections; probes are answered there";
    Process PerAddress "per_address" = 256, 65_536, "open connections from one address, or one network of 64 bits of IPv6; those of this machine are not counted", "as `connections`";
    Process Requests "requests" = 100, 1000, "requests in progress of one connection of HTTP/2", "the request is reset: nothing was done";
    Process InFlight "in_flight" = 256 << 20, 64 << 30, "bytes of bodies of requests and answers that are being received or sent", "503, code MDB016: nothing was done";
    Process Progress "progress" = 10, 3600, "seconds in which a client sends or takes less than 16 KiB of what is being sent", "408 for a request; for an answer the connection ends";
}

impl Index<ServeLimit> for ServeLimits {
    type Output = u64;

    fn index(&self, limit: ServeLimit) -> &u64 {
        &self.0[limit as usize]
    }
}

impl ServeLimits {
    /// Sets a limit.
    pub fn set(&mut self, limit: ServeLimit, value: u64) {
        self.0[limit as usize] = value;
    }

    /// Returns a limit as a size.
    pub fn size(&self, limit: ServeLimit) -> usize {
        usize::try_from(self[limit]).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_the_order_of_the_limits_and_defaults_within_them() {
        let limits = ServeLimits::default();
        for (place, row) in SERVE_LIMITS.iter().enumerate() {
            assert_eq!(row.limit as usize, place, "{}", row.key);
            assert!(
                limits[row.limit] == row.default && (1..=row.largest).contains(&row.default),
                "{}",
                row.key
            );
        }
        assert_eq!(SERVE_LIMITS.len(), ServeLimit::Progress as usize + 1);
    }
}
