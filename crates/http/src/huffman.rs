//! The code of texts in packed headers (RFC 7541, appendix B). It is canonical: codes of one length follow each other in the order of
//! their bytes, so that the lengths say all.

/// Bits of the code of each byte.
#[rustfmt::skip]
const LENGTHS: [u8; 256] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28,
    28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6,
    6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7,
    8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7,
    15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24,
    23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23,
    23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26,
    26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20,
    21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27,
    27, 27, 26,
];

const LONGEST: u8 = 30;

/// Returns the text of a code; `None` where it is none. What is left at its end has to be ones, fewer than eight.
pub(crate) fn decoded(code: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::with_capacity(code.len() * 2);
    let (mut bits, mut length) = (0u32, 0);
    for at in 0..code.len() * 8 {
        bits = bits << 1 | u32::from(code[at / 8] >> (7 - at % 8) & 1);
        length += 1;
        if length > LONGEST {
            return None;
        }
        if let Some(byte) = byte_of(bits, length) {
            text.push(byte);
            (bits, length) = (0, 0);
        }
    }
    (length < 8 && bits == (1 << length) - 1).then_some(text)
}

/// Returns the byte of a code with this number of bits.
fn byte_of(bits: u32, length: u8) -> Option<u8> {
    let CodeTable { first, before, bytes } = &CODES;
    let length = usize::from(length);
    let at = before[length] + bits.checked_sub(first[length])? as usize;
    (at < before[length + 1]).then(|| bytes[at])
}

/// Codes by their lengths.
struct CodeTable {
    /// First code of each length, and the number of shorter ones.
    first: [u32; LONGEST as usize + 2],
    before: [usize; LONGEST as usize + 2],
    /// Bytes in the order of their codes.
    bytes: [u8; 256],
}

const CODES: CodeTable = codes();

const fn codes() -> CodeTable {
    let lengths = LONGEST as usize + 2;
    let mut table =
        CodeTable { first: [0; LONGEST as usize + 2], before: [0; LONGEST as usize + 2], bytes: [0; 256] };
    let (mut number, mut length) = (0, 1);
    while length < lengths {
        table.before[length] = number;
        let shorter = (number - table.before[length - 1]) as u32;
        table.first[length] = (table.first[length - 1] + shorter) << 1;
        let mut byte = 0;
        while byte < LENGTHS.len() {
            if LENGTHS[byte] as usize == length {
                table.bytes[number] = byte as u8;
                number += 1;
            }
            byte += 1;
        }
        length += 1;
    }
    table
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Returns the code of a text.
    pub(crate) fn packed(text: &[u8]) -> Vec<u8> {
        let mut bits: Vec<bool> = vec![];
        for byte in text {
            let length = LENGTHS[usize::from(*byte)];
            let at = CODES.bytes.iter().position(|other| other == byte).unwrap();
            let code = CODES.first[usize::from(length)] + (at - CODES.before[usize::from(length)]) as u32;
            bits.extend((0..length).rev().map(|bit| code >> bit & 1 == 1));
        }
        bits.resize(bits.len().next_multiple_of(8), true);
        bits.chunks(8).map(|byte| byte.iter().fold(0, |all, bit| all << 1 | u8::from(*bit))).collect()
    }

    #[test]
    fn codes_are_those_of_the_rfc() {
        // Appendix C.4.1.
        let code = [0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff];
        assert_eq!(decoded(&code).unwrap(), b"www.example.com");
        assert_eq!(packed(b"www.example.com"), code);
    }

    #[test]
    fn each_byte_is_packed_and_read() {
        let all: Vec<u8> = (0..=u8::MAX).collect();
        assert_eq!(decoded(&packed(&all)).unwrap(), all);
        for torn in [&[0xff][..], &[0xff; 5], &[0]] {
            assert_eq!(decoded(torn), None, "{torn:?}");
        }
    }
}
