//! Conversions that keep every value: a conversion back returns it, and the session's settings do not count.

use super::type_name::TypeName;

/// Condition on the modifiers of both types.
#[derive(Debug, Clone, Copy)]
enum ModifierRule {
    /// The new type has none.
    Unlimited,
    /// The new length is not smaller.
    Length,
    /// The new type has as many digits before and behind the point. Unlimited digits only become unlimited ones.
    Digits,
    /// The new type has this many digits before the point.
    Whole(i32),
    /// The new type has as many digits of a second, for which an omitted modifier means 6, and no fewer fields.
    /// <https://www.postgresql.org/docs/current/datatype-datetime.html>
    Seconds,
}

use ModifierRule::{Digits, Length, Seconds, Unlimited, Whole};

/// Conversion: from, to, condition, and the function of PostgreSQL's `src/backend/utils/adt` that makes it.
type Widening = (&'static str, &'static str, ModifierRule, &'static str);

const TIME: &str = "time without time zone";
const TIME_ZONED: &str = "time with time zone";
const TIMESTAMP: &str = "timestamp without time zone";
const TIMESTAMP_ZONED: &str = "timestamp with time zone";
const VARCHAR: &str = "character varying";

/// All conversions that are statements of a revision. An assignment cast that is not here rounds, truncates, refuses a
/// value, or depends on DateStyle, IntervalStyle, TimeZone, bytea_output or lc_monetary.
const WIDENING: &[Widening] = &[
    ("smallint", "integer", Unlimited, "int.c: i2toi4"),
    ("smallint", "bigint", Unlimited, "int8.c: int28"),
    ("smallint", "real", Unlimited, "float.c: i2tof; 24 bits of mantissa"),
    ("smallint", "double precision", Unlimited, "float.c: i2tod"),
    ("smallint", "numeric", Whole(5), "numeric.c: int2_numeric"),
    ("integer", "bigint", Unlimited, "int8.c: int48"),
    ("integer", "double precision", Unlimited, "float.c: i4tod; 53 bits of mantissa"),
    ("integer", "numeric", Whole(10), "numeric.c: int4_numeric"),
    ("bigint", "numeric", Whole(19), "numeric.c: int8_numeric"),
    ("oid", "bigint", Unlimited, "int8.c: oidtoi8"),
    ("real", "double precision", Unlimited, "float.c: ftod"),
    ("numeric", "numeric", Digits, "numeric.c: numeric, numeric_support"),
    (VARCHAR, VARCHAR, Length, "varchar.c: varchar, varchar_support"),
    (VARCHAR, "text", Unlimited, "pg_cast.dat: binary coercible"),
    ("text", VARCHAR, Unlimited, "pg_cast.dat: binary coercible"),
    ("character", "character", Length, "varchar.c: bpchar; only pads with blanks"),
    ("name", "text", Unlimited, "varlena.c: name_text"),
    ("name", VARCHAR, Unlimited, "varlena.c: name_text"),
    ("bit", "bit varying", Length, "pg_cast.dat: binary coercible; varbit.c: varbit"),
    ("bit varying", "bit varying", Length, "varbit.c: varbit, varbit_support"),
    (TIME, TIME, Seconds, "date.c: time_scale"),
    (TIME_ZONED, TIME_ZONED, Seconds, "date.c: timetz_scale"),
    (TIMESTAMP, TIMESTAMP, Seconds, "timestamp.c: timestamp_scale"),
    (TIMESTAMP_ZONED, TIMESTAMP_ZONED, Seconds, "timestamp.c: timestamptz_scale"),
    (TIME, "interval", Seconds, "date.c: time_interval"),
    ("interval", "interval", Seconds, "timestamp.c: interval_scale, interval_support"),
    ("cidr", "inet", Unlimited, "pg_cast.dat: binary coercible"),
    ("macaddr", "macaddr8", Unlimited, "mac8.c: macaddrtomacaddr8"),
    ("smallint", "text", Unlimited, "int.c: int2out"),
    ("integer", "text", Unlimited, "int.c: int4out"),
    ("bigint", "text", Unlimited, "int8.c: int8out"),
    ("numeric", "text", Unlimited, "numeric.c: numeric_out"),
    ("boolean", "text", Unlimited, "bool.c: booltext"),
    ("uuid", "text", Unlimited, "uuid.c: uuid_out"),
    ("json", "text", Unlimited, "json.c: json_out"),
    ("jsonb", "text", Unlimited, "jsonb.c: jsonb_out"),
    ("xml", "text", Unlimited, "pg_cast.dat: binary coercible"),
    ("inet", "text", Unlimited, "network.c: network_show"),
    ("cidr", "text", Unlimited, "network.c: network_show"),
    ("macaddr", "text", Unlimited, "mac.c: macaddr_out"),
    ("macaddr8", "text", Unlimited, "mac8.c: macaddr8_out"),
];

/// Seconds of times have this many digits unless the modifier says another number.
const SECOND_DIGITS: i32 = 6;

/// Returns `true` if every value of one type is one of the other. Elements decide about arrays.
pub(super) fn widens(old: &TypeName, new: &TypeName) -> bool {
    let fits = |row: &&Widening| row.0 == old.base && row.1 == new.base && row.2.allows(old, new);
    WIDENING.iter().any(|row| fits(&row))
}

impl ModifierRule {
    fn allows(self, old: &TypeName, new: &TypeName) -> bool {
        let (before, after) = (&old.modifiers, &new.modifiers);
        match self {
            Unlimited => after.is_empty(),
            Length => after.is_empty() || before.first().is_some_and(|length| Some(length) <= after.first()),
            Whole(digits) => after.is_empty() || whole(after) >= digits && scale(after) >= 0,
            Digits => {
                let holds = whole(after) >= whole(before) && scale(after) >= scale(before);
                after.is_empty() || !before.is_empty() && holds
            }
            Seconds => {
                let digits = |of: &[i32]| of.first().copied().unwrap_or(SECOND_DIGITS);
                let fields = new.fields.is_empty() || new.fields == old.fields && old.base == new.base;
                fields && digits(after) >= digits(before)
            }
        }
    }
}

fn scale(modifiers: &[i32]) -> i32 {
    modifiers.get(1).copied().unwrap_or_default()
}

/// Returns the digits before the point.
fn whole(modifiers: &[i32]) -> i32 {
    modifiers.first().copied().unwrap_or_default() - scale(modifiers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_demands_its_modifiers() {
        for (old, new, expected) in [
            ("integer", "bigint", true),
            ("bigint", "integer", false),
            ("bigint", "double precision", false),
            ("bigint", "numeric(18,0)", false),
            ("bigint", "numeric(21,2)", true),
            ("double precision", "integer", false),
            ("double precision", "numeric", false),
            ("numeric", "double precision", false),
            ("numeric", "numeric(12,2)", false),
            ("numeric(12,4)", "numeric(12,2)", false),
            ("numeric(12,2)", "numeric(12,4)", false),
            ("numeric(12,2)", "numeric(14,4)", true),
            ("numeric(12,2)", "numeric", true),
            ("numeric(3,-2)", "numeric(5,0)", true),
            ("character varying(20)", "character varying(10)", false),
            ("character varying", "character varying(10)", false),
            ("character varying(20)", "text", true),
            ("text", "character varying", true),
            ("text", "character varying(10)", false),
            ("character(5)", "text", false),
            ("character(5)", "character(6)", true),
            ("text", "character(5)", false),
            ("bit(3)", "bit(4)", false),
            ("bit(3)", "bit varying(3)", true),
            ("bit varying", "bit(3)", false),
            ("timestamp(6) without time zone", "timestamp(0) without time zone", false),
            ("timestamp(3) without time zone", "timestamp without time zone", true),
            ("timestamp without time zone", "timestamp(6) without time zone", true),
            ("timestamp with time zone", "timestamp without time zone", false),
            ("timestamp without time zone", "timestamp with time zone", false),
            ("timestamp with time zone", "date", false),
            ("date", "timestamp without time zone", false),
            ("date", "text", false),
            ("interval", "interval day to second", false),
            ("interval day to second", "interval", true),
            ("interval day to second(3)", "interval day to second", true),
            ("interval day to second", "interval year", false),
            ("json", "jsonb", false),
            ("jsonb", "json", false),
            ("inet", "cidr", false),
            ("bytea", "text", false),
        ] {
            assert_eq!(widens(&TypeName::parse(old), &TypeName::parse(new)), expected, "{old} {new}");
        }
    }

    #[test]
    fn every_row_has_its_source_and_is_there_once() {
        for (number, row) in WIDENING.iter().enumerate() {
            assert!(row.3.contains(": "), "{row:?}");
            let same = |other: &&Widening| (other.0, other.1) == (row.0, row.1);
            assert!(!WIDENING[..number].iter().any(|other| same(&other)), "{row:?}");
        }
    }
}
