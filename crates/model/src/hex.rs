//! Bytes as hexadecimal digits.

/// Returns the bytes in lower case, two digits each.
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let halves = bytes.as_ref().iter().flat_map(|byte| [byte >> 4, byte & 15]);
    halves.map(|half| char::from(DIGITS[usize::from(half)])).collect()
}

/// Parses digits in either case; `None` if there are others, or half a byte.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let digit = |c: char| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let digits: Vec<u8> = text.chars().map(digit).collect::<Option<_>>()?;
    digits.len().is_multiple_of(2).then(|| digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_as_they_are_written() {
        assert_eq!(encode([0, 0x9f, 255]), "009fff");
        assert_eq!(decode("009fFF"), Some(vec![0, 0x9f, 255]));
        for wrong in ["0", "0g", "+1", "ä"] {
            assert_eq!(decode(wrong), None, "{wrong}");
        }
    }
}
