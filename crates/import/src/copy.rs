//! `COPY … FROM stdin` with its data, as INSERT statements: the data follow the statement in a file for psql, and no other client
//! reads them. <https://www.postgresql.org/docs/current/sql-copy.html>

use martydb_sql::{is_word, tokens};

/// Limits of one INSERT, in rows and bytes.
const MAX_ROWS: usize = 500;
const MAX_BYTES: usize = 256 << 10;

/// A COPY statement that can be converted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CopyStatement {
    /// Table, with the list of columns, as written.
    target: String,
    csv: bool,
    header: bool,
    delimiter: u8,
    quote: u8,
    escape: u8,
    null: String,
}

/// Parses a statement. `None` if it is not COPY from stdin; the error says what cannot be converted.
pub(crate) fn parse(statement: &str) -> Result<Option<CopyStatement>, String> {
    let all = tokens(statement);
    let word = |at: usize| all.get(at).map_or("", |token| &statement[token.start..token.end]);
    if !is_word(word(0), "copy") {
        return Ok(None);
    }
    let Some(from) = (1..all.len()).find(|at| is_word(word(*at), "from")) else { return Ok(None) };
    if !is_word(word(from + 1), "stdin") {
        return Ok(None);
    }
    let target = statement[all[0].end..all[from].start].trim().to_owned();
    let options: Vec<&str> = (from + 2..all.len()).map(word).collect();
    options_of(target, &options).map(Some)
}

fn options_of(target: String, words: &[&str]) -> Result<CopyStatement, String> {
    let has = |word: &str| words.iter().any(|found| is_word(found, word));
    // The name of the format may be a string.
    let csv = has("csv") || words.iter().any(|word| word.eq_ignore_ascii_case("'csv'"));
    let mut copy = CopyStatement {
        target,
        csv,
        header: false,
        delimiter: if csv { b',' } else { b'\t' },
        quote: b'"',
        escape: 0,
        null: if csv { String::new() } else { "\\N".into() },
    };
    let mut rest = words.iter().copied().peekable();
    while let Some(word) = rest.next() {
        let name = word.to_ascii_lowercase();
        match name.as_str() {
            "with" | "(" | ")" | "," | "csv" | "text" | "as" => {}
            "format" => {
                match rest.next().unwrap_or_default().trim_matches('\'').to_ascii_lowercase().as_str() {
                    "csv" | "text" => {}
                    other => return Err(format!("has COPY of format {other}")),
                }
            }
            "freeze" | "header" => {
                let off = rest.peek().is_some_and(|value| ["false", "off", "0", "'false'"].contains(value));
                copy.header |= name == "header" && !off;
                let is_value = |value: &&str| {
                    let value = value.trim_matches('\'').to_ascii_lowercase();
                    ["true", "false", "on", "off", "1", "0"].contains(&value.as_str())
                };
                rest.next_if(is_value);
            }
            "delimiter" | "quote" | "escape" | "null" | "encoding" => {
                rest.next_if(|value| is_word(value, "as"));
                let value = literal(rest.next().unwrap_or_default())?;
                copy.set(&name, value)?;
            }
            other => return Err(format!("has COPY with the option {other}")),
        }
    }
    copy.escape = if copy.escape == 0 { copy.quote } else { copy.escape };
    Ok(copy)
}

/// Returns the value of a string constant of an option.
fn literal(text: &str) -> Result<String, String> {
    let (escaped, inner) = match text.strip_prefix(['e', 'E']) {
        Some(inner) => (true, inner),
        None => (false, text),
    };
    let inner = inner.strip_prefix('\'').and_then(|inner| inner.strip_suffix('\''));
    let inner = inner.ok_or_else(|| format!("has COPY with the value {text}"))?.replace("''", "'");
    match escaped && inner.contains('\\') {
        false => Ok(inner),
        true if inner == "\\t" => Ok("\t".into()),
        true if inner == "\\\\" => Ok("\\".into()),
        true if inner == "\\\\N" => Ok("\\N".into()),
        true => Err(format!("has COPY with the value {text}")),
    }
}

impl CopyStatement {
    fn set(&mut self, name: &str, value: String) -> Result<(), String> {
        let one = || match value.as_bytes() {
            [byte] => Ok(*byte),
            _ => Err(format!("has COPY with the {name} \"{value}\"")),
        };
        match name {
            "delimiter" => self.delimiter = one()?,
            "quote" => self.quote = one()?,
            "escape" => self.escape = one()?,
            "null" => self.null = value,
            _ if ["utf8", "utf-8"].contains(&value.to_ascii_lowercase().as_str()) => {}
            _ => return Err(format!("has COPY with the encoding {value}")),
        }
        Ok(())
    }

    /// Returns the statements that insert the data, which end before the line `\.`.
    pub(crate) fn inserts(&self, data: &str) -> Result<String, String> {
        let mut rows = if self.csv { self.csv_rows(data)? } else { self.text_rows(data)? };
        if self.header {
            rows.drain(..1.min(rows.len()));
        }
        if rows.is_empty() {
            return Ok("-- COPY without rows\n".into());
        }
        // COPY writes the given value into a GENERATED ALWAYS AS IDENTITY column too.
        let begin = format!("INSERT INTO {} OVERRIDING SYSTEM VALUE VALUES\n", self.target);
        let (mut text, mut count, mut start) = (String::new(), 0, 0);
        for row in rows {
            let is_full = count == MAX_ROWS || text.len() - start > MAX_BYTES;
            match count {
                0 => text += &begin,
                _ if is_full => {
                    text += ";\n";
                    (count, start) = (0, text.len());
                    text += &begin;
                }
                _ => text += ",\n",
            }
            text += &format!("    ({})", row.join(", "));
            count += 1;
        }
        Ok(text + ";\n")
    }

    fn text_rows(&self, data: &str) -> Result<Vec<Vec<String>>, String> {
        data.lines().map(|line| self.text_row(line)).collect()
    }

    /// Splits a line of the text format at delimiters that no backslash precedes.
    fn text_row(&self, line: &str) -> Result<Vec<String>, String> {
        let (bytes, mut fields, mut start, mut at) = (line.as_bytes(), vec![], 0, 0);
        while at < bytes.len() {
            match bytes[at] {
                b'\\' => at += 2,
                byte if byte == self.delimiter => {
                    fields.push(&line[start..at]);
                    (start, at) = (at + 1, at + 1);
                }
                _ => at += 1,
            }
        }
        fields.push(&line[start..]);
        let value = |field: &str| match field == self.null {
            true => Ok("NULL".into()),
            false => unescaped(field).map(|value| quoted(&value)),
        };
        fields.into_iter().map(value).collect()
    }

    fn csv_rows(&self, data: &str) -> Result<Vec<Vec<String>>, String> {
        let (bytes, mut rows, mut row) = (data.as_bytes(), vec![], vec![]);
        let (mut value, mut was_quoted, mut inside, mut at) = (vec![], false, false, 0);
        let end = |value: &mut Vec<u8>, was_quoted: &mut bool| -> Result<String, String> {
            let text = String::from_utf8(std::mem::take(value)).map_err(|error| error.to_string())?;
            let is_null = !std::mem::take(was_quoted) && text == self.null;
            Ok(if is_null { "NULL".into() } else { quoted(&text) })
        };
        while at < bytes.len() {
            let (byte, next) = (bytes[at], bytes.get(at + 1).copied());
            at += 1;
            match byte {
                byte if inside
                    && byte == self.escape
                    && next.is_some_and(|n| n == self.quote || n == self.escape) =>
                {
                    value.extend(next);
                    at += 1;
                }
                byte if byte == self.quote => {
                    inside = !inside;
                    was_quoted = true;
                }
                byte if inside => value.push(byte),
                byte if byte == self.delimiter => row.push(end(&mut value, &mut was_quoted)?),
                b'\r' if next == Some(b'\n') => {}
                b'\n' => {
                    row.push(end(&mut value, &mut was_quoted)?);
                    rows.push(std::mem::take(&mut row));
                }
                byte => value.push(byte),
            }
        }
        if inside {
            return Err("has COPY with a quote that is never closed".into());
        }
        if !value.is_empty() || was_quoted || !row.is_empty() {
            row.push(end(&mut value, &mut was_quoted)?);
            rows.push(row);
        }
        Ok(rows)
    }
}

/// Replaces the escapes of the text format.
fn unescaped(field: &str) -> Result<String, String> {
    let (bytes, mut out, mut at) = (field.as_bytes(), vec![], 0);
    while let Some(byte) = bytes.get(at).copied() {
        at += 1;
        let Some(next) = bytes.get(at).copied().filter(|_| byte == b'\\') else {
            out.push(byte);
            continue;
        };
        at += 1;
        let digits = |from: usize, most: usize, radix: u32| {
            bytes[from..].iter().take(most).take_while(|digit| char::from(**digit).is_digit(radix)).count()
        };
        let number = |from: usize, count: usize, radix: u32| {
            u32::from_str_radix(&field[from..from + count], radix).unwrap_or(0).to_le_bytes()[0]
        };
        match next {
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'v' => out.push(11),
            b'x' if digits(at, 2, 16) > 0 => {
                let count = digits(at, 2, 16);
                out.push(number(at, count, 16));
                at += count;
            }
            b'0'..=b'7' => {
                let count = digits(at - 1, 3, 8);
                out.push(number(at - 1, count, 8));
                at += count - 1;
            }
            other => out.push(other),
        }
    }
    String::from_utf8(out).map_err(|_| "has COPY with bytes that are not UTF-8".into())
}

/// Returns a string constant. Control characters are escaped, so that a checkout changes no line end in it.
pub(crate) fn quoted(value: &str) -> String {
    let inner = value.replace('\'', "''");
    if !inner.contains(|c: char| c.is_ascii_control()) {
        return format!("'{inner}'");
    }
    let escape = |c: char| match c {
        '\\' => "\\\\".to_owned(),
        '\n' => "\\n".into(),
        '\r' => "\\r".into(),
        '\t' => "\\t".into(),
        c if c.is_ascii_control() => format!("\\x{:02x}", u32::from(c)),
        c => c.to_string(),
    };
    format!("E'{}'", inner.chars().map(escape).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(statement: &str, data: &str) -> String {
        let made = parse(statement).and_then(|copy| copy.unwrap().inserts(data));
        made.unwrap_or_else(|why| format!("error: {why}"))
    }

    #[test]
    fn every_escape_and_null_becomes_its_value() {
        let begin = "INSERT INTO s.\"T\" (a, b) OVERRIDING SYSTEM VALUE VALUES\n";
        for (data, expected) in [
            ("1\t\\N\n2\tx\n", "    ('1', NULL),\n    ('2', 'x');\n"),
            ("it's\t\\\\N\n", "    ('it''s', '\\N');\n"),
            ("a\\tb\\nc\td\\\\\n", "    (E'a\\tb\\nc', 'd\\');\n"),
            ("\\303\\251\t\\x41\\x7\n", "    ('é', E'A\\x07');\n"),
            ("a\\\tb\tc\n", "    (E'a\\tb', 'c');\n"),
            ("\t\n", "    ('', '');\n"),
        ] {
            assert_eq!(
                converted("COPY s.\"T\" (a, b) FROM stdin", data),
                format!("{begin}{expected}"),
                "{data}"
            );
        }
        assert_eq!(converted("copy t from STDIN", ""), "-- COPY without rows\n");
    }

    #[test]
    fn csv_is_read_with_its_options() {
        let begin = "INSERT INTO t OVERRIDING SYSTEM VALUE VALUES\n    ";
        for (options, data, expected) in [
            ("CSV", "1,,\"\"\n", "('1', NULL, '');\n"),
            ("(FORMAT csv, HEADER true)", "a,b\n\"x \"\"y\"\",\nz\",2\n", "(E'x \"y\",\\nz', '2');\n"),
            ("WITH (FORMAT 'csv', DELIMITER ';', NULL 'null')", "null;\"null\"\r\n", "(NULL, 'null');\n"),
            ("WITH CSV HEADER QUOTE AS '''' ESCAPE AS '\\'", "h\n'a\\'b'", "('a''b');\n"),
            ("WITH DELIMITER '|' NULL ''", "a||b\n", "('a', NULL, 'b');\n"),
        ] {
            assert_eq!(
                converted(&format!("COPY t FROM stdin {options}"), data),
                format!("{begin}{expected}")
            );
        }
        for (options, why) in [
            ("(FORMAT binary)", "error: has COPY of format binary"),
            ("WHERE a > 1", "error: has COPY with the option where"),
            ("(ENCODING 'latin1')", "error: has COPY with the encoding latin1"),
        ] {
            assert_eq!(converted(&format!("COPY t FROM stdin {options}"), ""), why);
        }
        assert_eq!(parse("COPY t FROM '/tmp/x'"), Ok(None));
        assert_eq!(parse("COPY t TO stdout"), Ok(None));
    }

    #[test]
    fn many_rows_are_several_statements() {
        let text = converted("COPY t FROM stdin", &"1\n".repeat(MAX_ROWS * 2 + 1));
        assert_eq!(text.matches("INSERT INTO").count(), 3);
        assert_eq!(text.matches("('1')").count(), MAX_ROWS * 2 + 1);
    }
}
