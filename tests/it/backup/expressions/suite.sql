-- source: postgresql-18 18.6 src/test/regress/sql/test_setup.sql
CREATE SCHEMA test_setup; SET LOCAL search_path = test_setup, create_misc;

-- line: 38
CREATE TABLE CHAR_TBL(f1 char(4));

-- line: 47
CREATE TABLE FLOAT8_TBL(f1 float8);

-- line: 57
CREATE TABLE INT2_TBL(f1 int2);

-- line: 67
CREATE TABLE INT4_TBL(f1 int4);

-- line: 77
CREATE TABLE INT8_TBL(q1 int8, q2 int8);

-- line: 87
CREATE TABLE POINT_TBL(f1 point);

-- line: 118
CREATE TABLE onek (
	unique1		int4,
	unique2		int4,
	two			int4,
	four		int4,
	ten			int4,
	twenty		int4,
	hundred		int4,
	thousand	int4,
	twothousand	int4,
	fivethous	int4,
	tenthous	int4,
	odd			int4,
	even		int4,
	stringu1	name,
	stringu2	name,
	string4		name
);

-- line: 141
CREATE TABLE onek2 AS SELECT * FROM onek WITH NO DATA;

-- line: 144
CREATE TABLE tenk1 (
	unique1		int4,
	unique2		int4,
	two			int4,
	four		int4,
	ten			int4,
	twenty		int4,
	hundred		int4,
	thousand	int4,
	twothousand	int4,
	fivethous	int4,
	tenthous	int4,
	odd			int4,
	even		int4,
	stringu1	name,
	stringu2	name,
	string4		name
);

-- line: 170
CREATE TABLE person (
	name 		text,
	age			int4,
	location 	point
);

-- line: 180
CREATE TABLE emp (
	salary 		int4,
	manager 	name
) INHERITS (person);

-- line: 205
CREATE TABLE road (
	name		text,
	thepath 	path
);

-- line: 214
CREATE TABLE ihighway () INHERITS (road);

-- line: 216, from: 14
CREATE PROCEDURE line_216() LANGUAGE sql BEGIN ATOMIC
INSERT INTO ihighway
   SELECT *
   FROM ONLY road
   WHERE name ~ 'I- .*';
END;

-- line: 222
CREATE TABLE shighway (
	surface		text
) INHERITS (road);

-- line: 226, from: 14
CREATE PROCEDURE line_226() LANGUAGE sql BEGIN ATOMIC
INSERT INTO shighway
   SELECT *, 'asphalt'
   FROM ONLY road
   WHERE name ~ 'State Hwy.*';
END;

-- line: 244
create type textrange as range (subtype = text, collation = "C");

-- source: postgresql-18 18.6 src/test/regress/sql/create_misc.sql
CREATE SCHEMA create_misc; SET LOCAL search_path = create_misc, test_setup;

-- line: 12
CREATE TABLE a_star (
	class		char,
	a 			int4
);

-- line: 21
CREATE TABLE c_star (
	c 			name
) INHERITS (a_star);

-- line: 29
CREATE TABLE e_star (
	e 			int2
) INHERITS (c_star);

-- line: 180
CREATE VIEW line_180 AS
SELECT * FROM a_star*;

-- line: 194
CREATE VIEW line_194 AS
SELECT class, c FROM e_star* x WHERE x.c NOTNULL;

-- line: 215
ALTER TABLE a_star* RENAME COLUMN a TO aa;

-- line: 217
CREATE VIEW line_217 AS
SELECT class, aa
   FROM a_star* x
   WHERE aa ISNULL;

-- line: 224
ALTER TABLE a_star RENAME COLUMN aa TO foo;

-- line: 230
ALTER TABLE a_star RENAME COLUMN foo TO aa;

-- line: 246
ALTER TABLE a_star* ADD COLUMN a text;

-- source: postgresql-18 18.6 src/test/regress/sql/boolean.sql
CREATE SCHEMA of_boolean; SET LOCAL search_path = of_boolean, test_setup, create_misc;

-- line: 8
CREATE VIEW line_8 AS
SELECT 1 AS one;

-- line: 94
CREATE VIEW line_94 AS
SELECT true::boolean::text AS true, false::boolean::text AS false;

-- line: 99
CREATE TABLE BOOLTBL1 (f1 bool);

-- line: 177
CREATE VIEW line_177 AS
SELECT f1
   FROM BOOLTBL1
   WHERE f1 IS TRUE;

-- source: postgresql-18 18.6 src/test/regress/sql/char.sql
CREATE SCHEMA of_char; SET LOCAL search_path = of_char, test_setup, create_misc;

-- line: 8
CREATE VIEW line_8 AS
SELECT char 'c' = char 'c' AS true;

-- line: 15
CREATE TABLE CHAR_TBL(f1 char);

-- line: 38
CREATE VIEW line_38 AS
SELECT c.*
   FROM CHAR_TBL c
   WHERE c.f1 <> 'a';

-- line: 89
CREATE VIEW line_89 AS
SELECT 'a'::"char"::text;

-- source: postgresql-18 18.6 src/test/regress/sql/text.sql
CREATE SCHEMA of_text; SET LOCAL search_path = of_text, test_setup, create_misc;

-- line: 5
CREATE VIEW line_5 AS
SELECT text 'this is a text string' = text 'this is a text string' AS true;

-- line: 39
CREATE VIEW line_39 AS
select i, left('ahoj', i), right('ahoj', i) from generate_series(-5, 5) t(i) order by i;

-- line: 73
CREATE VIEW line_73 AS
select format('%1$s %12$s', 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);

-- source: postgresql-18 18.6 src/test/regress/sql/strings.sql
CREATE SCHEMA of_strings; SET LOCAL search_path = of_strings, test_setup, create_misc;

-- line: 69
CREATE VIEW line_69 AS
SELECT E'\\xDeAdBeEf'::bytea;

-- line: 142
CREATE VIEW line_142 AS
SELECT SUBSTRING('1234567890' FROM 4 FOR 3) = '456' AS "456";

-- line: 255, from: 15
CREATE VIEW line_255 AS
SELECT regexp_count('123123123123', '123', 1);

-- line: 306, from: 15
CREATE VIEW line_306 AS
SELECT regexp_substr('abcabcabc', 'a.c', 1, 3);

-- line: 367
CREATE VIEW line_367 AS
SELECT regexp_split_to_array('thE QUick bROWn FOx jUMPs ovEr The lazy dOG', 'e', 'i');

-- line: 546
CREATE VIEW line_546 AS
SELECT 'unknown' || ' and unknown' AS "Concat unknown types";

-- line: 725, from: 17
CREATE VIEW line_725 AS
select to_bin(256*256*256 - 1) AS "111111111111111111111111";

-- line: 758, from: 18
CREATE VIEW line_758 AS
SELECT crc32('');

-- line: 797, from: 18
CREATE VIEW line_797 AS
SELECT 0x1122334455667788::int8::bytea AS "\x1122334455667788",
       (-0x1122334455667788)::int8::bytea AS "\xeeddccbbaa998878";

-- line: 875
CREATE VIEW line_875 AS
SELECT translate('', '14', 'ax');

-- source: postgresql-18 18.6 src/test/regress/sql/numeric.sql
CREATE SCHEMA of_numeric; SET LOCAL search_path = of_numeric, test_setup, create_misc;

-- line: 5
CREATE TABLE num_data (id int4, val numeric(210,10));

-- line: 6
CREATE TABLE num_exp_add (id1 int4, id2 int4, expected numeric(210,10));

-- line: 15
CREATE TABLE num_result (id1 int4, id2 int4, result numeric(210,10));

-- line: 516, from: 14
CREATE PROCEDURE line_516() LANGUAGE sql BEGIN ATOMIC
INSERT INTO num_result SELECT t1.id, t2.id, t1.val + t2.val
    FROM num_data t1, num_data t2;
END;

-- line: 518
CREATE VIEW line_518 AS
SELECT t1.id1, t1.id2, t1.result, t2.expected
    FROM num_result t1, num_exp_add t2
    WHERE t1.id1 = t2.id1 AND t1.id2 = t2.id2
    AND t1.result != t2.expected;

-- line: 594, from: 14
CREATE PROCEDURE line_594() LANGUAGE sql BEGIN ATOMIC
INSERT INTO num_result SELECT id, 0, SQRT(ABS(val))
    FROM num_data;
END;

-- line: 827
CREATE VIEW line_827 (c1, c2, c3, c4, c5, c6, c7) AS
SELECT i as pow,
	round((-2.5 * 10 ^ i)::numeric, -i),
	round((-1.5 * 10 ^ i)::numeric, -i),
	round((-0.5 * 10 ^ i)::numeric, -i),
	round((0.5 * 10 ^ i)::numeric, -i),
	round((1.5 * 10 ^ i)::numeric, -i),
	round((2.5 * 10 ^ i)::numeric, -i)
FROM generate_series(-5,5) AS t(i);

-- line: 1255
CREATE VIEW line_1255 AS
select div (70.0,70);

-- source: postgresql-18 18.6 src/test/regress/sql/float8.sql
CREATE SCHEMA of_float8; SET LOCAL search_path = of_float8, test_setup, create_misc;

-- line: 10
CREATE TABLE FLOAT8_TBL(f1 float8);

-- line: 25
CREATE VIEW line_25 AS
SELECT float8send('2.2250738585072014E-308'::float8);

-- line: 122
CREATE VIEW line_122 AS
SELECT |/ float8 '64' AS eight;

-- line: 182, from: 14
CREATE PROCEDURE line_182() LANGUAGE sql BEGIN ATOMIC
UPDATE FLOAT8_TBL
   SET f1 = FLOAT8_TBL.f1 * '-1'
   WHERE FLOAT8_TBL.f1 > '0.0';
END;

-- line: 209
CREATE VIEW line_209 AS
SELECT acosh(float8 '2');

-- source: postgresql-18 18.6 src/test/regress/sql/int2.sql
CREATE SCHEMA of_int2; SET LOCAL search_path = of_int2, test_setup, create_misc;

-- line: 35
CREATE VIEW line_35 AS
SELECT i.* FROM INT2_TBL i WHERE i.f1 <> int2 '0';

-- line: 65
CREATE VIEW line_65 AS
SELECT i.f1, i.f1 * int2 '2' AS x FROM INT2_TBL i;

-- line: 91
CREATE VIEW line_91 AS
SELECT (-1::int2<<15)::text;

-- source: postgresql-18 18.6 src/test/regress/sql/int4.sql
CREATE SCHEMA of_int4; SET LOCAL search_path = of_int4, test_setup, create_misc;

-- line: 63
CREATE VIEW line_63 AS
SELECT i.f1, i.f1 * int4 '2' AS x FROM INT4_TBL i
WHERE abs(f1) < 1073741824;

-- line: 109
CREATE VIEW line_109 AS
SELECT int4 '1000' < int4 '999' AS false;

-- line: 130
CREATE VIEW line_130 AS
SELECT x, x::int4 AS int4_value
FROM (VALUES (-2.5::float8),
             (-1.5::float8),
             (-0.5::float8),
             (0.0::float8),
             (0.5::float8),
             (1.5::float8),
             (2.5::float8)) t(x);

-- source: postgresql-18 18.6 src/test/regress/sql/int8.sql
CREATE SCHEMA of_int8; SET LOCAL search_path = of_int8, test_setup, create_misc;

-- line: 42
CREATE VIEW line_42 AS
SELECT * FROM INT8_TBL WHERE 123 = q1;

-- line: 94
CREATE VIEW line_94 (c1, c2) AS
SELECT min(q1), min(q2) FROM INT8_TBL;

-- line: 182
CREATE VIEW line_182 (c1, c2) AS
SELECT CAST('42'::int2 AS int8), CAST('-37'::int2 AS int8);

-- source: postgresql-18 18.6 src/test/regress/sql/bit.sql
CREATE SCHEMA of_bit; SET LOCAL search_path = of_bit, test_setup, create_misc;

-- line: 9
CREATE TABLE BIT_TABLE(b BIT(11));

-- line: 21
CREATE TABLE VARBIT_TABLE(v BIT VARYING(11));

-- line: 39
CREATE VIEW line_39 AS
SELECT v, b, (v || b) AS concat
       FROM BIT_TABLE, VARBIT_TABLE
       ORDER BY 3;

-- line: 71
CREATE TABLE varbit_table_2 (a BIT VARYING(16), b BIT VARYING(16));

-- line: 85
CREATE VIEW line_85 AS
SELECT a, b, ~a AS "~ a", a & b AS "a & b",
       a | b AS "a | b", a # b AS "a # b" FROM varbit_table_2;

-- line: 174
CREATE TABLE BIT_SHIFT_TABLE(b BIT(16));

-- line: 176, from: 14
CREATE PROCEDURE line_176() LANGUAGE sql BEGIN ATOMIC
INSERT INTO BIT_SHIFT_TABLE SELECT b>>1 FROM BIT_SHIFT_TABLE;
END;

-- line: 188
CREATE VIEW line_188 AS
SELECT b::bit(15), b::bit(15) >> 1 AS bsr, b::bit(15) << 1 AS bsl
       FROM BIT_SHIFT_TABLE;

-- line: 194
CREATE TABLE VARBIT_SHIFT_TABLE(v BIT VARYING(20));

-- line: 196, from: 14
CREATE PROCEDURE line_196() LANGUAGE sql BEGIN ATOMIC
INSERT INTO VARBIT_SHIFT_TABLE SELECT CAST(v || B'0' AS BIT VARYING(6)) >>1 FROM VARBIT_SHIFT_TABLE;
END;

-- line: 232
CREATE TABLE bit_defaults(
  b1 bit(4) DEFAULT '1001',
  b2 bit(4) DEFAULT B'0101',
  b3 bit varying(5) DEFAULT '1001',
  b4 bit varying(5) DEFAULT B'0101'
);

-- source: postgresql-18 18.6 src/test/regress/sql/uuid.sql
CREATE SCHEMA of_uuid; SET LOCAL search_path = of_uuid, test_setup, create_misc;

-- line: 3
CREATE TABLE guid1
(
	guid_field UUID,
	text_field TEXT DEFAULT(now())
);

-- line: 8
CREATE TABLE guid2
(
	guid_field UUID,
	text_field TEXT DEFAULT(now())
);

-- line: 13
CREATE TABLE guid3
(
	id SERIAL,
	guid_field UUID
);

-- line: 44
CREATE VIEW line_44 AS
SELECT guid_field FROM guid1 ORDER BY guid_field ASC;

-- line: 96
CREATE VIEW line_96 AS
SELECT COUNT(*) FROM guid1 g1 INNER JOIN guid2 g2 ON g1.guid_field = g2.guid_field;

-- line: 119, from: 18
CREATE PROCEDURE line_119() LANGUAGE sql BEGIN ATOMIC
INSERT INTO guid3 (guid_field) SELECT uuidv7() FROM generate_series(1, 10);
END;

-- line: 135, from: 18
CREATE VIEW line_135 AS
SELECT uuidv7('infinity'::interval);

-- source: postgresql-18 18.6 src/test/regress/sql/enum.sql
CREATE SCHEMA of_enum; SET LOCAL search_path = of_enum, test_setup, create_misc;

-- line: 5
CREATE TYPE rainbow AS ENUM ('red', 'orange', 'yellow', 'green', 'blue', 'purple');

-- line: 15
CREATE VIEW line_15 AS
SELECT 'red'::rainbow;

-- line: 199
CREATE DOMAIN rgb AS rainbow CHECK (VALUE IN ('red', 'green', 'blue'));

-- line: 202
CREATE VIEW line_202 AS
SELECT 'purple'::rainbow::rgb;

-- line: 221
CREATE VIEW line_221 AS
SELECT enum_range('orange'::rainbow, 'green'::rainbow);

-- source: postgresql-18 18.6 src/test/regress/sql/money.sql
CREATE SCHEMA of_money; SET LOCAL search_path = of_money, test_setup, create_misc;

-- line: 7
CREATE TABLE money_data (m money);

-- line: 14
CREATE VIEW line_14 AS
SELECT m / '2'::money FROM money_data;

-- line: 47
CREATE VIEW line_47 AS
SELECT cashlarger(m, '$124.00') FROM money_data;

-- line: 126
CREATE VIEW line_126 AS
SELECT 1234567890::int4::money;

-- source: postgresql-18 18.6 src/test/regress/sql/rangetypes.sql
CREATE SCHEMA of_rangetypes; SET LOCAL search_path = of_rangetypes, test_setup, create_misc;

-- line: 21
CREATE VIEW line_21 AS
select '  empty  '::textrange;

-- line: 60
CREATE TABLE numrange_test (nr NUMRANGE);

-- line: 94
CREATE VIEW line_94 AS
select numrange(2.0, 3.0) -|- numrange(3.0, 4.0);

-- line: 132, from: 14
CREATE VIEW line_132 AS
select range_intersect_agg(nr) from numrange_test;

-- line: 175
CREATE TABLE textrange_test (tr textrange);

-- line: 191
CREATE VIEW line_191 AS
SELECT * FROM textrange_test WHERE 'e'::text <@ tr;

-- line: 219
create table test_range_gist(ir int4range);

-- line: 222, from: 14
CREATE PROCEDURE line_222() LANGUAGE sql BEGIN ATOMIC
insert into test_range_gist select int4range(g, g+10) from generate_series(1,2000) g;
END;

-- line: 226, from: 14
CREATE PROCEDURE line_226() LANGUAGE sql BEGIN ATOMIC
insert into test_range_gist select int4range(NULL,g*10,'(]') from generate_series(1,100) g;
END;

-- line: 385
create table test_range_elem(i int4);

-- line: 394
create index on test_range_elem using spgist(int4range(i,i+10));

-- line: 409
create table test_range_excl(
  room int4range,
  speaker int4range,
  during tsrange,
  exclude using gist (room with =, during with &&),
  exclude using gist (speaker with =, during with &&)
);

-- line: 429
CREATE VIEW line_429 AS
select int8range(10000000000::int8, 20000000000::int8,'(]');

-- line: 479
create domain restrictedrange as int4range check (upper(value) < 10);

-- line: 519
create function range_add_bounds(anyrange)
  returns anyelement as 'select lower($1) + upper($1)' language sql;

-- line: 522
CREATE VIEW line_522 AS
select range_add_bounds(int4range(1, 17));

-- line: 575
create type two_ints as (a int, b int);

-- line: 576
create type two_ints_range as range (subtype = two_ints);

-- line: 579
CREATE VIEW line_579 AS
select *, row_to_json(upper(t)) as u from
  (values (two_ints_range(row(1,2), row(3,4))),
          (two_ints_range(row(5,6), row(7,8)))) v(t);

-- line: 656
CREATE VIEW line_656 AS
select current_date <@ daterange(NULL, NULL);

-- source: postgresql-18 18.6 src/test/regress/sql/multirangetypes.sql
CREATE SCHEMA of_multirangetypes; SET LOCAL search_path = of_multirangetypes, test_setup, create_misc;

-- line: 24, from: 14
CREATE VIEW line_24 AS
select '{}'::textmultirange;

-- line: 99, from: 14
CREATE TABLE nummultirange_test (nmr NUMMULTIRANGE);

-- line: 115, from: 14
CREATE VIEW line_115 AS
SELECT nmr, lower_inc(nmr), lower_inf(nmr), upper_inc(nmr), upper_inf(nmr) FROM nummultirange_test ORDER BY nmr;

-- line: 165, from: 14
CREATE VIEW line_165 AS
SELECT * FROM nummultirange_test WHERE multirange_contained_by_multirange('{[4.0,4.2), [6.0, 8.0)}', nmr);

-- line: 207, from: 14
CREATE VIEW line_207 AS
SELECT numrange(null,null) @> nummultirange(numrange(1,2));

-- line: 434, from: 14
create table test_multirange_gist(mr int4multirange);

-- line: 435, from: 14
CREATE PROCEDURE line_435() LANGUAGE sql BEGIN ATOMIC
insert into test_multirange_gist select int4multirange(int4range(g, g+10),int4range(g+20, g+30),int4range(g+40, g+50)) from generate_series(1,2000) g;
END;

-- line: 437, from: 14
CREATE PROCEDURE line_437() LANGUAGE sql BEGIN ATOMIC
insert into test_multirange_gist select int4multirange(int4range(g, g+10000)) from generate_series(1,1000) g;
END;

-- line: 583, from: 15
CREATE VIEW line_583 AS
select range_agg(nmr) from nummultirange_test;

-- line: 664, from: 14
create domain restrictedmultirange as int4multirange check (upper(value) < 10);

-- line: 744, from: 14
create function anyarray_anymultirange_func(a anyarray, r anymultirange)
  returns anyelement as 'select $1[1] + lower($2);' language sql;

-- line: 747, from: 14
CREATE VIEW line_747 AS
select anyarray_anymultirange_func(ARRAY[1,2], int4multirange(int4range(10,20)));

-- source: postgresql-18 18.6 src/test/regress/sql/date.sql
CREATE SCHEMA of_date; SET LOCAL search_path = of_date, test_setup, create_misc;

-- line: 5
CREATE TABLE DATE_TBL (f1 date);

-- line: 29
CREATE VIEW line_29 AS
SELECT f1 FROM DATE_TBL
  WHERE f1 BETWEEN '2000-01-01' AND '2001-01-01';

-- line: 248
CREATE VIEW line_248 AS
SELECT EXTRACT(EPOCH FROM DATE        '1970-01-01');

-- line: 316
CREATE VIEW line_316 AS
SELECT DATE_TRUNC('MILLENNIUM', DATE '1970-03-20');

-- source: postgresql-18 18.6 src/test/regress/sql/time.sql
CREATE SCHEMA of_time; SET LOCAL search_path = of_time, test_setup, create_misc;

-- line: 34
CREATE VIEW line_34 AS
SELECT '23:59:59.999999'::time;

-- line: 64
CREATE VIEW line_64 AS
SELECT EXTRACT(MICROSECOND FROM TIME '2020-05-26 13:30:25.575401');

-- line: 76
CREATE VIEW line_76 AS
SELECT date_part('microsecond', TIME '2020-05-26 13:30:25.575401');

-- source: postgresql-18 18.6 src/test/regress/sql/timetz.sql
CREATE SCHEMA of_timetz; SET LOCAL search_path = of_timetz, test_setup, create_misc;

-- line: 5
CREATE TABLE TIMETZ_TBL (f1 time(2) with time zone);

-- line: 39
CREATE VIEW line_39 AS
SELECT '23:59:59.999999 PDT'::timetz;

-- line: 69
CREATE VIEW line_69 AS
SELECT EXTRACT(MICROSECOND FROM TIME WITH TIME ZONE '2020-05-26 13:30:25.575401-04');

-- line: 83
CREATE VIEW line_83 AS
SELECT date_part('microsecond', TIME WITH TIME ZONE '2020-05-26 13:30:25.575401-04');

-- line: 93, from: 17
CREATE VIEW timetz_local_view AS
  SELECT f1 AS dat,
       timezone(f1) AS dat_func,
       f1 AT LOCAL AS dat_at_local,
       f1 AT TIME ZONE current_setting('TimeZone') AS dat_at_tz,
       f1 AT TIME ZONE INTERVAL '00:00' AS dat_at_int
  FROM TIMETZ_TBL
  ORDER BY f1;

-- source: postgresql-18 18.6 src/test/regress/sql/timestamp.sql
CREATE SCHEMA of_timestamp; SET LOCAL search_path = of_timestamp, test_setup, create_misc;

-- line: 5
CREATE TABLE TIMESTAMP_TBL (d1 timestamp(2) without time zone);

-- line: 42
CREATE VIEW line_42 AS
SELECT count(d1) AS three, count(DISTINCT d1) AS two FROM TIMESTAMP_TBL;

-- line: 294
CREATE VIEW line_294 AS
SELECT d1 - timestamp without time zone '1997-01-02' AS diff
  FROM TIMESTAMP_TBL
  WHERE d1 BETWEEN timestamp without time zone '1902-01-01'
   AND timestamp without time zone '2038-01-01';

-- line: 379
CREATE VIEW line_379 AS
SELECT to_char(d, 'FF1 FF2 FF3 FF4 FF5 FF6  ff1 ff2 ff3 ff4 ff5 ff6  MS US')
   FROM (VALUES
       ('2018-11-02 12:34:56'::timestamp),
       ('2018-11-02 12:34:56.78'),
       ('2018-11-02 12:34:56.78901'),
       ('2018-11-02 12:34:56.78901234')
   ) d(d);

-- source: postgresql-18 18.6 src/test/regress/sql/timestamptz.sql
CREATE SCHEMA of_timestamptz; SET LOCAL search_path = of_timestamptz, test_setup, create_misc;

-- line: 5
CREATE TABLE TIMESTAMPTZ_TBL (d1 timestamp(2) with time zone);

-- line: 53, from: 16
CREATE VIEW line_53 AS
SELECT timestamptz 'infinity' = timestamptz '+infinity' AS t;

-- line: 198
CREATE VIEW line_198 AS
SELECT d1 FROM TIMESTAMPTZ_TBL
   WHERE d1 > timestamp with time zone '1997-01-02';

-- line: 249, from: 14
CREATE VIEW line_249 AS
SELECT
  interval,
  ts,
  origin,
  date_bin(interval::interval, ts, origin)
FROM (
  VALUES
  ('15 days'),
  ('2 hours'),
  ('1 hour 30 minutes'),
  ('15 minutes'),
  ('10 seconds'),
  ('100 milliseconds'),
  ('250 microseconds')
) intervals (interval),
(VALUES (timestamptz '2020-02-11 15:44:17.71393')) ts (ts),
(VALUES (timestamptz '2001-01-01')) origin (origin);

-- line: 337
CREATE VIEW line_337 AS
SELECT extract(epoch from '294270-01-01 00:00:00+00'::timestamptz);

-- line: 449
CREATE VIEW line_449 AS
SELECT make_timestamptz(1973, 07, 15, 08, 15, 55.33, '+2');

-- line: 490
CREATE VIEW line_490 AS
select generate_series('2022-01-01 00:00'::timestamptz,
                       'infinity'::timestamptz,
                       '1 month'::interval) limit 10;

-- line: 510, from: 16
CREATE VIEW line_510 AS
SELECT date_subtract('2021-10-31 00:00:00+02'::timestamptz,
                     '1 day'::interval,
                     'Europe/Warsaw');

-- line: 657, from: 17
CREATE VIEW line_657 AS
VALUES (CAST('1978-07-07 19:38 America/New_York' AS TIMESTAMP WITH TIME ZONE) AT LOCAL);

-- line: 663, from: 17
CREATE VIEW timestamp_local_view AS
  SELECT CAST('1978-07-07 19:38 America/New_York' AS TIMESTAMP WITH TIME ZONE) AT LOCAL AS ttz_at_local,
         timezone(CAST('1978-07-07 19:38 America/New_York' AS TIMESTAMP WITH TIME ZONE)) AS ttz_func,
         TIMESTAMP '1978-07-07 19:38' AT LOCAL AS t_at_local,
         timezone(TIMESTAMP '1978-07-07 19:38') AS t_func;

-- source: postgresql-18 18.6 src/test/regress/sql/interval.sql
CREATE SCHEMA of_interval; SET LOCAL search_path = of_interval, test_setup, create_misc;

-- line: 9
CREATE VIEW line_9 AS
SELECT INTERVAL '01:00' AS "One hour";

-- line: 20
CREATE TABLE INTERVAL_TBL (f1 interval);

-- line: 183
CREATE VIEW line_183 AS
SELECT justify_days(interval '6 months 36 days 5 hours 4 minutes 3 seconds') as "7 mons 6 days 5 hours 4 mins 3 seconds";

-- line: 340
CREATE VIEW line_340 AS
select  interval 'P00021015T103020'       AS "ISO8601 Basic Format",
        interval 'P0002-10-15T10:30:20'   AS "ISO8601 Extended Format";

-- line: 605
CREATE VIEW line_605 AS
SELECT -f1,
    EXTRACT(MICROSECOND FROM -f1) AS MICROSECOND,
    EXTRACT(MILLISECOND FROM -f1) AS MILLISECOND,
    EXTRACT(SECOND FROM -f1) AS SECOND,
    EXTRACT(MINUTE FROM -f1) AS MINUTE,
    EXTRACT(HOUR FROM -f1) AS HOUR,
    EXTRACT(DAY FROM -f1) AS DAY,
    EXTRACT(WEEK FROM -f1) AS WEEK,
    EXTRACT(MONTH FROM -f1) AS MONTH,
    EXTRACT(QUARTER FROM -f1) AS QUARTER,
    EXTRACT(YEAR FROM -f1) AS YEAR,
    EXTRACT(DECADE FROM -f1) AS DECADE,
    EXTRACT(CENTURY FROM -f1) AS CENTURY,
    EXTRACT(MILLENNIUM FROM -f1) AS MILLENNIUM,
    EXTRACT(EPOCH FROM -f1) AS EPOCH
    FROM INTERVAL_TBL;

-- line: 659
CREATE TABLE INFINITE_INTERVAL_TBL (i interval);

-- line: 742
CREATE VIEW line_742 AS
SELECT i AS interval,
    -i AS um,
    i * 2.0 AS mul,
    i * -2.0 AS mul_neg,
    i * 'infinity' AS mul_inf,
    i * '-infinity' AS mul_inf_neg,
    i / 3.0 AS div,
    i / -3.0 AS div_neg
    FROM INFINITE_INTERVAL_TBL
    WHERE NOT isfinite(i);

-- source: postgresql-18 18.6 src/test/regress/sql/inet.sql
CREATE SCHEMA of_inet; SET LOCAL search_path = of_inet, test_setup, create_misc;

-- line: 8
CREATE TABLE INET_TBL (c cidr, i inet);

-- line: 32
CREATE VIEW line_32 AS
SELECT c AS cidr, i AS inet FROM INET_TBL;

-- line: 51
CREATE VIEW line_51 AS
SELECT i AS inet, hostmask(i) AS "hostmask(inet)" FROM INET_TBL;

-- line: 98
CREATE VIEW line_98 AS
SELECT * FROM inet_tbl WHERE i << '192.168.1.0/24'::cidr ORDER BY i;

-- source: postgresql-18 18.6 src/test/regress/sql/macaddr.sql
CREATE SCHEMA of_macaddr; SET LOCAL search_path = of_macaddr, test_setup, create_misc;

-- line: 5
CREATE TABLE macaddr_data (a int, b macaddr);

-- line: 28
CREATE VIEW line_28 AS
SELECT a, b, trunc(b) FROM macaddr_data ORDER BY 2, 1;

-- line: 30
CREATE VIEW line_30 AS
SELECT b <  '08:00:2b:01:02:04' FROM macaddr_data WHERE a = 1;

-- line: 39
CREATE VIEW line_39 AS
SELECT ~b                       FROM macaddr_data;

-- source: postgresql-18 18.6 src/test/regress/sql/macaddr8.sql
CREATE SCHEMA of_macaddr8; SET LOCAL search_path = of_macaddr8, test_setup, create_misc;

-- line: 7
CREATE VIEW line_7 AS
SELECT '08:00:2b:01:02:03     '::macaddr8;

-- line: 32
CREATE VIEW line_32 AS
SELECT macaddr8_set7bit('00:08:2b:01:02:03'::macaddr8);

-- line: 34
CREATE TABLE macaddr8_data (a int, b macaddr8);

-- line: 70
CREATE VIEW line_70 AS
SELECT b::macaddr <= '08:00:2b:01:02:04' FROM macaddr8_data WHERE a = 1;

-- source: postgresql-18 18.6 src/test/regress/sql/geometry.sql
CREATE SCHEMA of_geometry; SET LOCAL search_path = of_geometry, test_setup, create_misc, of_point, of_box, of_path, of_circle, of_polygon, of_lseg, of_line;

-- line: 30
CREATE VIEW line_30 AS
SELECT p1.f1
   FROM POINT_TBL p1
   WHERE ishorizontal(p1.f1, point '(0,0)');

-- line: 50
CREATE VIEW line_50 (c1, c2, c3) AS
SELECT p1.f1, p2.f1, slope(p1.f1, p2.f1) FROM POINT_TBL p1, POINT_TBL p2;

-- line: 71
CREATE VIEW line_71 (c1, c2, c3) AS
SELECT p1.f1, p2.f1, p1.f1 / p2.f1 FROM POINT_TBL p1, POINT_TBL p2 WHERE p2.f1 ~= '(0,0)'::point;

-- source: postgresql-18 18.6 src/test/regress/sql/point.sql
CREATE SCHEMA of_point; SET LOCAL search_path = of_point, test_setup, create_misc;

-- line: 40
CREATE VIEW line_40 AS
SELECT p.* FROM POINT_TBL p
   WHERE p.f1 <@ box '(0,0,100,100)';

-- line: 52
CREATE VIEW line_52 AS
SELECT p.* FROM POINT_TBL p
   WHERE not box '(0,0,100,100)' @> p.f1;

-- line: 68
CREATE VIEW line_68 AS
SELECT p1.f1 AS point1, p2.f1 AS point2, (p1.f1 <-> p2.f1) AS distance
   FROM POINT_TBL p1, POINT_TBL p2
   WHERE (p1.f1 <-> p2.f1) > 3 and p1.f1 << p2.f1
   ORDER BY distance, p1.f1[0], p2.f1[0];

-- line: 80
CREATE TABLE point_gist_tbl(f1 point);

-- line: 81, from: 14
CREATE PROCEDURE line_81() LANGUAGE sql BEGIN ATOMIC
INSERT INTO point_gist_tbl SELECT '(0,0)' FROM generate_series(0,1000);
END;

-- source: postgresql-18 18.6 src/test/regress/sql/box.sql
CREATE SCHEMA of_box; SET LOCAL search_path = of_box, test_setup, create_misc;

-- line: 22
CREATE TABLE BOX_TBL (f1 box);

-- line: 51
CREATE VIEW line_51 AS
SELECT b.*, area(b.f1) as barea
   FROM BOX_TBL b;

-- line: 124
CREATE VIEW line_124 (c1, c2) AS
SELECT b1.*, b2.*
   FROM BOX_TBL b1, BOX_TBL b2
   WHERE b1.f1 @> b2.f1 and not b1.f1 ~= b2.f1;

-- line: 134
CREATE TABLE box_temp (f1 box);

-- line: 136, from: 14
CREATE PROCEDURE line_136() LANGUAGE sql BEGIN ATOMIC
INSERT INTO box_temp
	SELECT box(point(i, i), point(i * 2, i * 2))
	FROM generate_series(1, 50) AS i;
END;

-- line: 195
CREATE TABLE quad_box_tbl (id int, b box);

-- line: 197, from: 14
CREATE PROCEDURE line_197() LANGUAGE sql BEGIN ATOMIC
INSERT INTO quad_box_tbl
  SELECT (x - 1) * 100 + y, box(point(x * 10, y * 10), point(x * 10 + 5, y * 10 + 5))
  FROM generate_series(1, 100) x,
       generate_series(1, 100) y;
END;

-- line: 252
CREATE VIEW line_252 AS
SELECT rank() OVER (ORDER BY b <-> point '123,456') n, b <-> point '123,456' dist, id
FROM quad_box_tbl;

-- source: postgresql-18 18.6 src/test/regress/sql/path.sql
CREATE SCHEMA of_path; SET LOCAL search_path = of_path, test_setup, create_misc;

-- line: 7
CREATE TABLE PATH_TBL (f1 path);

-- line: 38
CREATE VIEW line_38 AS
SELECT f1 AS open_path FROM PATH_TBL WHERE isopen(f1);

-- line: 40
CREATE VIEW line_40 AS
SELECT f1 AS closed_path FROM PATH_TBL WHERE isclosed(f1);

-- line: 42
CREATE VIEW line_42 AS
SELECT pclose(f1) AS closed_path FROM PATH_TBL;

-- source: postgresql-18 18.6 src/test/regress/sql/polygon.sql
CREATE SCHEMA of_polygon; SET LOCAL search_path = of_polygon, test_setup, create_misc;

-- line: 41
CREATE TABLE quad_poly_tbl (id int, p polygon);

-- line: 43, from: 14
CREATE PROCEDURE line_43() LANGUAGE sql BEGIN ATOMIC
INSERT INTO quad_poly_tbl
	SELECT (x - 1) * 100 + y, polygon(circle(point(x * 10, y * 10), 1 + (x + y) % 10))
	FROM generate_series(1, 100) x,
		 generate_series(1, 100) y;
END;

-- line: 48, from: 14
CREATE PROCEDURE line_48() LANGUAGE sql BEGIN ATOMIC
INSERT INTO quad_poly_tbl
	SELECT i, polygon '((200, 300),(210, 310),(230, 290))'
	FROM generate_series(10001, 11000) AS i;
END;

-- line: 74
CREATE VIEW line_74 AS
SELECT count(*) FROM quad_poly_tbl WHERE p << polygon '((300,300),(400,600),(600,500),(700,200))';

-- line: 126
CREATE VIEW line_126 AS
SELECT rank() OVER (ORDER BY p <-> point '123,456') n, p <-> point '123,456' dist, id
FROM quad_poly_tbl WHERE p <@ polygon '((300,300),(400,600),(600,500),(700,200))';

-- source: postgresql-18 18.6 src/test/regress/sql/circle.sql
CREATE SCHEMA of_circle; SET LOCAL search_path = of_circle, test_setup, create_misc;

-- line: 9
CREATE TABLE CIRCLE_TBL (f1 circle);

-- line: 41
CREATE VIEW line_41 AS
SELECT center(f1) AS center
  FROM CIRCLE_TBL;

-- line: 47
CREATE VIEW line_47 AS
SELECT diameter(f1) AS diameter
  FROM CIRCLE_TBL;

-- line: 52
CREATE VIEW line_52 AS
SELECT f1 FROM CIRCLE_TBL WHERE diameter(f1) >= 10;

-- source: postgresql-18 18.6 src/test/regress/sql/line.sql
CREATE SCHEMA of_line; SET LOCAL search_path = of_line, test_setup, create_misc;

-- line: 41
CREATE VIEW line_41 AS
select '{nan, 1, nan}'::line = '{nan, 1, nan}'::line as true,
	   '{nan, 1, nan}'::line = '{nan, 2, nan}'::line as false;

-- source: postgresql-18 18.6 src/test/regress/sql/tsearch.sql
CREATE SCHEMA of_tsearch; SET LOCAL search_path = of_tsearch, test_setup, create_misc;

-- line: 14
CREATE VIEW line_14 AS
SELECT oid, prsname
FROM pg_ts_parser
WHERE prsnamespace = 0 OR prsstart = 0 OR prstoken = 0 OR prsend = 0 OR
      prslextype = 0;

-- line: 46
CREATE TABLE test_tsvector(
	t text,
	a tsvector
);

-- line: 271
CREATE VIEW line_271 AS
SELECT * FROM ts_stat('SELECT a FROM test_tsvector', 'AB') ORDER BY ndoc DESC, nentry DESC, word;

-- line: 316
CREATE VIEW line_316 AS
SELECT plainto_tsquery('english', 'the and z 1))& fghj');

-- line: 426
CREATE VIEW line_426 AS
SELECT ts_headline('english', '
Day after day, day after day,
  We stuck, nor breath nor motion,
As idle as a painted Ship
  Upon a painted Ocean.
Water, water, every where
  And all the boards did shrink;
Water, water, every where,
  Nor any drop to drink.
S. T. Coleridge (1772-1834)
', to_tsquery('english', 'paint&water'));

-- line: 660
CREATE TABLE test_tsquery (txtkeyword TEXT, txtsample TEXT);

-- line: 672
ALTER TABLE test_tsquery ADD COLUMN keyword tsquery;

-- line: 674
ALTER TABLE test_tsquery ADD COLUMN sample tsquery;

-- line: 700
CREATE VIEW line_700 AS
SELECT ts_rewrite('moscow', 'SELECT keyword, sample FROM test_tsquery'::text );

-- line: 755
CREATE VIEW line_755 AS
SELECT to_tsquery('SKIES & My | booKs');

-- line: 771, from: 14
CREATE PROCEDURE line_771() LANGUAGE sql BEGIN ATOMIC
UPDATE test_tsvector SET t = null WHERE t = '345 qwerty';
END;

-- source: postgresql-18 18.6 src/test/regress/sql/tstypes.sql
CREATE SCHEMA of_tstypes; SET LOCAL search_path = of_tstypes, test_setup, create_misc;

-- line: 6
CREATE VIEW line_6 AS
SELECT '1'::tsvector;

-- line: 153
CREATE VIEW line_153 AS
SELECT strip(to_tsvector('simple', '1 2 3 4')) @@ '1 <-> 2 <-> 3' AS "false";

-- line: 254
CREATE VIEW line_254 AS
SELECT ts_delete('base hidden rebel spaceship strike'::tsvector, ARRAY['spaceship','leya','rebel', '', NULL]);

-- source: postgresql-18 18.6 src/test/regress/sql/regex.sql
CREATE SCHEMA of_regex; SET LOCAL search_path = of_regex, test_setup, create_misc;

-- line: 29
CREATE VIEW line_29 AS
select regexp_match('abc', '');

-- line: 31
CREATE VIEW line_31 AS
select regexp_match('abc', 'd') is null;

-- line: 110
CREATE VIEW line_110 AS
select 'x' ~ repeat('x*y*z*', 1000);

-- source: postgresql-18 18.6 src/test/regress/sql/expressions.sql
CREATE SCHEMA of_expressions; SET LOCAL search_path = of_expressions, test_setup, create_misc;

-- line: 11
CREATE VIEW line_11 AS
SELECT date(now())::text = current_date::text;

-- line: 17
CREATE VIEW line_17 AS
SELECT now()::time::text = localtime::text;

-- line: 25
CREATE VIEW line_25 AS
SELECT now()::timestamp::text = localtimestamp::text;

-- line: 30
CREATE VIEW line_30 AS
SELECT localtimestamp = localtimestamp(7);

-- line: 51
create table numeric_tbl (f1 numeric(18,3), f2 numeric);

-- line: 53
create view numeric_view as
  select
    f1, f1::numeric(16,4) as f1164, f1::numeric as f1n,
    f2, f2::numeric(16,4) as f2164, f2::numeric as f2n
  from numeric_tbl;

-- line: 66
create table bpchar_tbl (f1 character(16) unique, f2 bpchar);

-- line: 68
create view bpchar_view as
  select
    f1, f1::character(14) as f114, f1::bpchar as f1n,
    f2, f2::character(14) as f214, f2::bpchar as f2n
  from bpchar_tbl;

-- line: 86
CREATE VIEW line_86 AS
select random() IN (1, 4, 8.0);

-- line: 106
create function return_int_input(int) returns int as $$
begin
	return $1;
end;
$$ language plpgsql stable;

-- line: 119
CREATE VIEW line_119 AS
select return_int_input(1) in (10, 9, 2, 8, 3, 7, 4, 6, 5, null);

-- line: 123
CREATE VIEW line_123 AS
select return_int_input(null::int) in (10, 9, 2, 8, 3, 7, 4, 6, 5, null);

-- line: 130
CREATE VIEW line_130 AS
select return_int_input(1) not in (null, null, null, null, null, null, null, null, null, null, null);

-- source: postgresql-18 18.6 src/test/regress/sql/horology.sql
CREATE SCHEMA of_horology; SET LOCAL search_path = of_horology, test_setup, create_misc, of_date, of_time, of_timetz, of_timestamp, of_timestamptz, of_interval;

-- line: 11
CREATE VIEW line_11 AS
SELECT timestamp with time zone '20011227 040506+08';

-- line: 182
CREATE VIEW line_182 AS
SELECT d1 + interval '1 year' AS one_year FROM TIMESTAMP_TBL;

-- line: 272
CREATE VIEW line_272 AS
SELECT (timestamp with time zone '2000-11-27', interval '12 hours')
  OVERLAPS (timestamp with time zone '2000-11-27 12:00', timestamp with time zone '2000-11-30') AS "False";

-- line: 316
CREATE TABLE TEMP_TIMESTAMP (f1 timestamp with time zone);

-- line: 320, from: 14
CREATE PROCEDURE line_320() LANGUAGE sql BEGIN ATOMIC
INSERT INTO TEMP_TIMESTAMP (f1)
  SELECT d1 FROM TIMESTAMP_TBL
  WHERE d1 BETWEEN '13-jun-1957' AND '1-jan-1997'
   OR d1 BETWEEN '1-jan-1999' AND '1-jan-2010';
END;

-- line: 329
CREATE VIEW line_329 AS
SELECT d.f1 AS "timestamp", t.f1 AS "interval", d.f1 + t.f1 AS plus
  FROM TEMP_TIMESTAMP d, INTERVAL_TBL t
  ORDER BY plus, "timestamp", "interval";

-- line: 379
CREATE VIEW line_379 AS
SELECT '2020-10-05'::timestamptz >= '4714-11-24 BC'::timestamp as t;

-- source: postgresql-18 18.6 src/test/regress/sql/arrays.sql
CREATE SCHEMA of_arrays; SET LOCAL search_path = of_arrays, test_setup, create_misc;

-- line: 8
CREATE TABLE arrtest (
	a 			int2[],
	b 			int4[][][],
	c 			name[],
	d			text[][],
	e 			float8[],
	f			char(5)[],
	g			varchar(5)[]
);

-- line: 56
CREATE VIEW line_56 AS
SELECT arrtest.a[1],
          arrtest.b[1][1][1],
          arrtest.c[1],
          arrtest.d[1][1],
          arrtest.e[0]
   FROM arrtest;

-- line: 84, from: 14
CREATE PROCEDURE line_84() LANGUAGE sql BEGIN ATOMIC
UPDATE arrtest
  SET a[1:2] = '{16,25}'
  WHERE NOT a = '{}'::_int2;
END;

-- line: 176
CREATE TABLE point_tbl AS SELECT * FROM point_tbl WITH NO DATA;

-- line: 181
CREATE VIEW line_181 AS
SELECT f1[0:] FROM POINT_TBL;

-- line: 187, from: 14
CREATE PROCEDURE line_187() LANGUAGE sql BEGIN ATOMIC
INSERT INTO point_tbl(f1[0]) VALUES(0) RETURNING *;
END;

-- line: 293
CREATE VIEW line_293 AS
SELECT array_position(ARRAY['sun','mon','tue','wed','thu',NULL,'fri','sat'], NULL);

-- line: 339
CREATE VIEW line_339 AS
SELECT ARRAY[[1,2],[3,4]] || ARRAY[5,6] AS "{{1,2},{3,4},{5,6}}";

-- line: 398
CREATE VIEW line_398 AS
select 33 = any (null::int[]);

-- line: 536
CREATE TABLE arraggtest ( f1 INT[], f2 TEXT[][], f3 FLOAT[]);

-- line: 542
CREATE VIEW line_542 (c1, c2, c3, c4, c5, c6) AS
SELECT max(f1), min(f1), max(f2), min(f2), max(f3), min(f3) FROM arraggtest;

-- line: 613
CREATE VIEW line_613 AS
select array_fill(1, array[2,2], null);

-- line: 659
CREATE VIEW line_659 AS
select array_length(array[[1,2,3], [4,5,6]], 0);

-- line: 698
CREATE VIEW line_698 AS
select unnest(array[1,2,3,4.5]::numeric[]);

-- line: 718
CREATE VIEW line_718 AS
select array(select array['Hello', i::text] from generate_series(9,11) i);

-- line: 738
CREATE VIEW line_738 AS
select unnest(array['11 22 33'::oidvector]);

-- line: 851, from: 16
CREATE VIEW line_851 AS
SELECT array_length(array_sample('{1,2,3,4,5,6}'::int[], 3), 1);

-- source: postgresql-18 18.6 src/test/regress/sql/rowtypes.sql
CREATE SCHEMA of_rowtypes; SET LOCAL search_path = of_rowtypes, test_setup, create_misc;

-- line: 7
create type complex as (r float8, i float8);

-- line: 9
CREATE table fullname (first text, last text);

-- line: 13
create type quad as (c1 complex, c2 complex);

-- line: 17
CREATE VIEW line_17 (c1, c2) AS
select (1.1,2.2)::complex, row((3.3,4.4),(5.5,null))::quad;

-- line: 21
CREATE VIEW line_21 (c1, c2) AS
select '(Joe,von Blow)'::fullname, '(Joe,d''Blow)'::fullname;

-- line: 41
CREATE table quadtable(f1 int, q quad);

-- line: 52
CREATE table people (fn fullname, bd date);

-- line: 62
alter table fullname add column suffix text default null;

-- line: 73, from: 14
CREATE PROCEDURE line_73() LANGUAGE sql BEGIN ATOMIC
update quadtable set q.c1.r = 12 where f1 = 2;
END;

-- line: 88
CREATE VIEW line_88 AS
select (fn).first, substr((fn).last, 1, 20), length((fn).last) from people;

-- line: 118
CREATE VIEW line_118 AS
select ROW(1,2) = ROW(1,2::int8);

-- line: 123
CREATE VIEW line_123 AS
select unique1, unique2 from tenk1
where (unique1, unique2) < any (select ten, ten from tenk1 where hundred < 3)
      and unique1 <= 20
order by 1;

-- line: 147
CREATE VIEW line_147 AS
select thousand, tenthous from tenk1
where (998, 5000) < (thousand, tenthous)
order by thousand, tenthous;

-- line: 166
CREATE table test_table (a text, b text);

-- line: 168, from: 14
CREATE PROCEDURE line_168() LANGUAGE sql BEGIN ATOMIC
insert into test_table select 'a', null from generate_series(1,1000);
END;

-- line: 183
CREATE VIEW line_183 AS
select * from int8_tbl i8
where i8 in (row(123,456)::int8_tbl, '(4567890123456789,123)');

-- line: 194
CREATE VIEW line_194 AS
select (row(1, 2.0)).*;

-- line: 201
CREATE VIEW line_201 AS
select ROW() IS NULL;

-- line: 222
create type testtype1 as (a int, b int);

-- line: 244
create type testtype3 as (a int, b text);

-- line: 245
CREATE VIEW line_245 AS
select row(1, 2)::testtype1 < row(1, 'abc')::testtype3;

-- line: 285
create type testtype2 as (a smallint, b bool);

-- line: 286
CREATE VIEW line_286 AS
select row(1, true)::testtype2 *< row(2, true)::testtype2;

-- line: 297
create type testtype4 as (a int, b point);

-- line: 298
CREATE VIEW line_298 AS
select row(1, '(1,2)')::testtype4 *< row(1, '(1,3)')::testtype4;

-- line: 411
CREATE VIEW line_411 AS
select f.last from fullname f;

-- line: 431
CREATE VIEW line_431 AS
select row_to_json(i) from int8_tbl i;

-- line: 449
CREATE VIEW line_449 AS
select row_to_json(q) from
  (select thousand, tenthous from tenk1
   where thousand = 42 and tenthous < 2000 offset 0) q;

-- line: 514
create view composite_v as
with cte(c) as materialized (select row(1, 2)),
     cte2(c) as (select * from cte)
select 1 as one from cte2 as t
where (select * from (select c as c1) s
       where (select (c1).f1 > 0)) is not null;

-- line: 538
CREATE VIEW line_538 AS
with cte(c) as materialized (select row(1, 2)),
     cte2(c) as (select * from cte)
select (c).f1 from cte2 as t
where false;

-- source: postgresql-18 18.6 src/test/regress/sql/rangefuncs.sql
CREATE SCHEMA of_rangefuncs; SET LOCAL search_path = of_rangefuncs, test_setup, create_misc;

-- line: 1
CREATE TABLE rngfunc2(rngfuncid int, f2 int);

-- line: 6
CREATE FUNCTION rngfunct(int) returns setof rngfunc2 as 'SELECT * FROM rngfunc2 WHERE rngfuncid = $1 ORDER BY f2;' LANGUAGE SQL;

-- line: 9
CREATE VIEW line_9 AS
select * from rngfunct(1) with ordinality as z(a,b,ord);

-- line: 17
CREATE VIEW line_17 AS
select row_to_json(s.*) from generate_series(11,14) with ordinality s;

-- line: 19
CREATE view vw_ord as select * from (values (1)) v(n) join rngfunct(1) with ordinality as z(a,b,ord) on (n=ord);

-- line: 26
CREATE view vw_ord_2 as select * from (values (1)) v(n) join rows from(rngfunct(1),rngfunct(2)) with ordinality as z(a,b,c,d,ord) on (n=ord);

-- line: 36
CREATE view vw_ord_3 as select * from unnest(array[10,20],array['foo','bar'],array[1.0]) as z(a,b,c);

-- line: 40
CREATE view vw_ord_4 as select * from rows from(unnest(array[10,20],array['foo','bar'],array[1.0])) as z(a,b,c);

-- line: 44
CREATE view vw_ord_5 as select * from rows from(unnest(array[10,20],array['foo','bar']), generate_series(1,2)) as z(a,b,c);

-- line: 71
CREATE VIEW line_71 (c1, c2, c3, c4, c5) AS
select * from rngfunc2, rngfunct(rngfunc2.rngfuncid) with ordinality as z(rngfuncid,f2,ord) where rngfunc2.f2 = z.f2;

-- line: 85
CREATE TABLE rngfunc (rngfuncid int, rngfuncsubid int, rngfuncname text, primary key(rngfuncid,rngfuncsubid));

-- line: 91
CREATE FUNCTION getrngfunc1(int) RETURNS int AS 'SELECT $1;' LANGUAGE SQL;

-- line: 94
CREATE VIEW vw_getrngfunc AS SELECT * FROM getrngfunc1(1);

-- line: 97
CREATE VIEW vw_getrngfunc_2 AS SELECT * FROM getrngfunc1(1) WITH ORDINALITY as t1(v,o);

-- line: 102
CREATE FUNCTION getrngfunc2(int) RETURNS setof int AS 'SELECT rngfuncid FROM rngfunc WHERE rngfuncid = $1;' LANGUAGE SQL;

-- line: 103
CREATE VIEW line_103 AS
SELECT * FROM getrngfunc2(1) AS t1;

-- line: 105
CREATE VIEW vw_getrngfunc_3 AS SELECT * FROM getrngfunc2(1);

-- line: 108
CREATE VIEW vw_getrngfunc_4 AS SELECT * FROM getrngfunc2(1) WITH ORDINALITY AS t1(v,o);

-- line: 113
CREATE FUNCTION getrngfunc3(int) RETURNS setof text AS 'SELECT rngfuncname FROM rngfunc WHERE rngfuncid = $1;' LANGUAGE SQL;

-- line: 116
CREATE VIEW vw_getrngfunc_5 AS SELECT * FROM getrngfunc3(1);

-- line: 119
CREATE VIEW vw_getrngfunc_6 AS SELECT * FROM getrngfunc3(1) WITH ORDINALITY AS t1(v,o);

-- line: 124
CREATE FUNCTION getrngfunc4(int) RETURNS rngfunc AS 'SELECT * FROM rngfunc WHERE rngfuncid = $1;' LANGUAGE SQL;

-- line: 127
CREATE VIEW vw_getrngfunc_7 AS SELECT * FROM getrngfunc4(1);

-- line: 130
CREATE VIEW vw_getrngfunc_8 AS SELECT * FROM getrngfunc4(1) WITH ORDINALITY AS t1(a,b,c,o);

-- line: 135
CREATE FUNCTION getrngfunc5(int) RETURNS setof rngfunc AS 'SELECT * FROM rngfunc WHERE rngfuncid = $1;' LANGUAGE SQL;

-- line: 137
CREATE VIEW line_137 AS
SELECT * FROM getrngfunc5(1) WITH ORDINALITY AS t1(a,b,c,o);

-- line: 138
CREATE VIEW vw_getrngfunc_9 AS SELECT * FROM getrngfunc5(1);

-- line: 141
CREATE VIEW vw_getrngfunc_10 AS SELECT * FROM getrngfunc5(1) WITH ORDINALITY AS t1(a,b,c,o);

-- line: 146
CREATE FUNCTION getrngfunc6(int) RETURNS RECORD AS 'SELECT * FROM rngfunc WHERE rngfuncid = $1;' LANGUAGE SQL;

-- line: 149
CREATE VIEW vw_getrngfunc_11 AS SELECT * FROM getrngfunc6(1) AS
(rngfuncid int, rngfuncsubid int, rngfuncname text);

-- line: 153
CREATE VIEW vw_getrngfunc_12 AS
  SELECT * FROM ROWS FROM( getrngfunc6(1) AS (rngfuncid int, rngfuncsubid int, rngfuncname text) )
                WITH ORDINALITY;

-- line: 160
CREATE FUNCTION getrngfunc7(int) RETURNS setof record AS 'SELECT * FROM rngfunc WHERE rngfuncid = $1;' LANGUAGE SQL;

-- line: 163
CREATE VIEW vw_getrngfunc_13 AS SELECT * FROM getrngfunc7(1) AS
(rngfuncid int, rngfuncsubid int, rngfuncname text);

-- line: 167
CREATE VIEW vw_getrngfunc_14 AS
  SELECT * FROM ROWS FROM( getrngfunc7(1) AS (rngfuncid int, rngfuncsubid int, rngfuncname text) )
                WITH ORDINALITY;

-- line: 174
CREATE FUNCTION getrngfunc8(int) RETURNS int AS 'DECLARE rngfuncint int; BEGIN SELECT rngfuncid into rngfuncint FROM rngfunc WHERE rngfuncid = $1; RETURN rngfuncint; END;' LANGUAGE plpgsql;

-- line: 177
CREATE VIEW vw_getrngfunc_15 AS SELECT * FROM getrngfunc8(1);

-- line: 180
CREATE VIEW vw_getrngfunc_16 AS SELECT * FROM getrngfunc8(1) WITH ORDINALITY AS t1(v,o);

-- line: 185
CREATE FUNCTION getrngfunc9(int) RETURNS rngfunc AS 'DECLARE rngfunctup rngfunc%ROWTYPE; BEGIN SELECT * into rngfunctup FROM rngfunc WHERE rngfuncid = $1; RETURN rngfunctup; END;' LANGUAGE plpgsql;

-- line: 186
CREATE VIEW line_186 AS
SELECT * FROM getrngfunc9(1) AS t1;

-- line: 188
CREATE VIEW vw_getrngfunc_17 AS SELECT * FROM getrngfunc9(1);

-- line: 191
CREATE VIEW vw_getrngfunc_18 AS SELECT * FROM getrngfunc9(1) WITH ORDINALITY AS t1(a,b,c,o);

-- line: 208
CREATE view vw_rngfunc as
  select * from rows from(getrngfunc9(1),
                      getrngfunc7(1) AS (rngfuncid int, rngfuncsubid int, rngfuncname text),
                      getrngfunc1(1))
                with ordinality as t1(a,b,c,d,e,f,g,n);

-- line: 231
CREATE SEQUENCE rngfunc_rescan_seq1;

-- line: 232
CREATE SEQUENCE rngfunc_rescan_seq2;

-- line: 233
CREATE TYPE rngfunc_rescan_t AS (i integer, s bigint);

-- line: 235
CREATE FUNCTION rngfunc_sql(int,int) RETURNS setof rngfunc_rescan_t AS 'SELECT i, nextval(''rngfunc_rescan_seq1'') FROM generate_series($1,$2) i;' LANGUAGE SQL;

-- line: 237
CREATE FUNCTION rngfunc_mat(int,int) RETURNS setof rngfunc_rescan_t AS 'begin for i in $1..$2 loop return next (i, nextval(''rngfunc_rescan_seq2'')); end loop; end;' LANGUAGE plpgsql;

-- line: 249
CREATE VIEW line_249 AS
SELECT * FROM (VALUES (1),(2),(3)) v(r) LEFT JOIN rngfunc_mat(11,13) ON (r+i)<100;

-- line: 264
CREATE VIEW line_264 AS
SELECT * FROM (VALUES (1),(2),(3)) v(r), rngfunc_sql(10+r,13);

-- line: 279
CREATE VIEW line_279 AS
SELECT * FROM (VALUES (1),(2),(3)) v(r), rngfunc_mat(10+r,13) WITH ORDINALITY AS f(i,s,o);

-- line: 296
CREATE VIEW line_296 (c1, c2, c3, c4, c5) AS
SELECT * FROM (VALUES (1),(2),(3)) v(r), ROWS FROM( rngfunc_sql(10+r,13), rngfunc_mat(10+r,13) );

-- line: 312
CREATE VIEW line_312 (c1, c2, c3, c4) AS
SELECT * FROM (VALUES (1),(2),(3)) v1(r1),
              LATERAL (SELECT r1, * FROM (VALUES (10),(20),(30)) v2(r2)
                                         LEFT JOIN generate_series(20+r1,23) f(i) ON ((r2+i)<100) OFFSET 0) s1;

-- line: 365
CREATE FUNCTION rngfuncr(in f1 int, out f2 int, out text)
AS $$select $1-1, $1::text || 'z'$$ LANGUAGE sql;

-- line: 368
CREATE VIEW line_368 AS
SELECT * FROM rngfuncr(42);

-- line: 450
CREATE FUNCTION rngfunc_4()
RETURNS TABLE(a varchar(5))
AS $$ SELECT 'hello'::varchar(5) $$ LANGUAGE sql STABLE;

-- line: 453
CREATE VIEW line_453 AS
SELECT * FROM rngfunc_4() GROUP BY 1;

-- line: 460
CREATE table tt(f1 serial, data text);

-- line: 504
CREATE table tt_log(f1 int, data text);

-- line: 506
create rule insert_tt_rule as on insert to tt do also
  insert into tt_log values(new.*);

-- line: 532
create function array_to_set(anyarray) returns setof record as $$
  select i AS "index", $1[i] AS "value" from generate_subscripts($1, 1) i
$$ language sql strict immutable;

-- line: 542
CREATE VIEW line_542 AS
select * from array_to_set(array['one', 'two']) as t(f1 point,f2 text);

-- line: 654
CREATE table users (userid text, seq int, email text, todrop bool, moredrop int, enabled bool);

-- line: 666
CREATE function get_users() returns setof users as
$$ SELECT * FROM users ORDER BY userid; $$
language sql stable;

-- line: 671
CREATE VIEW line_671 AS
SELECT * FROM get_users();

-- line: 679
CREATE view usersview as
SELECT * FROM ROWS FROM(get_users(), generate_series(10,11)) WITH ORDINALITY;

-- line: 764
create function extractq2(t int8_tbl) returns int8 as $$
  select t.q2
$$ language sql immutable;

-- line: 773
create function extractq2_2(t int8_tbl) returns table(ret1 int8) as $$
  select extractq2(t) offset 0
$$ language sql immutable;

-- line: 777
CREATE VIEW line_777 AS
select x from int8_tbl, extractq2_2(int8_tbl) f(x);

-- source: postgresql-18 18.6 src/test/regress/sql/tsrf.sql
CREATE SCHEMA of_tsrf; SET LOCAL search_path = of_tsrf, test_setup, create_misc;

-- line: 6
CREATE VIEW line_6 AS
SELECT generate_series(1, 3);

-- line: 24
CREATE VIEW line_24 (c1, c2) AS
SELECT generate_series(1, generate_series(1, 3)), generate_series(2, 4);

-- line: 28
CREATE TABLE few(id int, dataa text, datab text);

-- line: 48
CREATE VIEW line_48 AS
SELECT few.id, generate_series(1,3) g FROM few ORDER BY id, generate_series(1,3) DESC;

-- line: 62
CREATE VIEW line_62 AS
SELECT dataa, generate_series(1,1), count(*) FROM few GROUP BY 1 HAVING count(*) > 1;

-- line: 79
CREATE VIEW line_79 AS
SELECT sum((3 = ANY(SELECT lag(x) over(order by x)
                    FROM generate_series(1,4) x))::int);

-- line: 96
CREATE VIEW line_96 AS
SELECT dataa, datab b, generate_series(1,2) g, count(*) FROM few GROUP BY CUBE(dataa, datab) ORDER BY dataa;

-- line: 124
CREATE VIEW line_124 AS
SELECT generate_series(1,3) IS DISTINCT FROM 2;

-- line: 157
CREATE VIEW line_157 AS
SELECT a, generate_series(1,2) FROM (VALUES(1),(2),(3)) r(a) LIMIT 2 OFFSET 2;

-- source: postgresql-18 18.6 src/test/regress/sql/case.sql
CREATE SCHEMA of_case; SET LOCAL search_path = of_case, test_setup, create_misc;

-- line: 6
CREATE TABLE CASE_TBL (
  i integer,
  f double precision
);

-- line: 11
CREATE TABLE CASE2_TBL (
  i integer,
  j integer
);

-- line: 32
CREATE VIEW line_32 AS
SELECT '3' AS "One",
  CASE
    WHEN 1 < 2 THEN 3
  END AS "Simple WHEN";

-- line: 62
CREATE VIEW line_62 AS
SELECT '7' AS "None",
   CASE WHEN random() < 0 THEN 1
   END AS "NULL on no matches";

-- line: 72
CREATE VIEW line_72 AS
SELECT CASE WHEN i > 100 THEN 1/0 ELSE 0 END FROM case_tbl;

-- line: 87
CREATE VIEW line_87 AS
SELECT
  CASE WHEN i >= 3 THEN (i + i)
       ELSE i
  END AS "Simplest Math"
  FROM CASE_TBL;

-- line: 121
CREATE VIEW line_121 AS
SELECT * FROM CASE_TBL WHERE COALESCE(f,i) = 4;

-- line: 128
CREATE VIEW line_128 (c1, c2, c3, c4) AS
SELECT *
  FROM CASE_TBL a, CASE2_TBL b
  WHERE COALESCE(a.f, b.i, b.j) = 2;

-- line: 142
CREATE VIEW line_142 AS
SELECT * FROM CASE_TBL WHERE NULLIF(1, 2) = 2;

-- line: 167, from: 14
CREATE PROCEDURE line_167() LANGUAGE sql BEGIN ATOMIC
UPDATE CASE_TBL
  SET i = CASE WHEN b.i >= 2 THEN (2 * j)
                ELSE (3 * j) END
  FROM CASE2_TBL b
  WHERE j = -CASE_TBL.i;
END;

-- line: 204
CREATE DOMAIN foodomain AS text;

-- line: 206
CREATE FUNCTION volfoo(text) returns foodomain as
  'begin return $1::foodomain; end' language plpgsql volatile;

-- line: 215
CREATE VIEW line_215 AS
SELECT CASE volfoo('bar') WHEN 'foo'::foodomain THEN 'is foo' ELSE 'is not foo' END;

-- source: postgresql-18 18.6 src/test/regress/sql/select.sql
CREATE SCHEMA of_select; SET LOCAL search_path = of_select, test_setup, create_misc;

-- line: 15
CREATE VIEW line_15 AS
SELECT onek.unique1, onek.stringu1 FROM onek
   WHERE onek.unique1 < 20
   ORDER BY unique1 using >;

-- line: 30
CREATE VIEW line_30 AS
SELECT onek.unique1, onek.string4 FROM onek
   WHERE onek.unique1 > 980
   ORDER BY string4 using <, unique1 using >;

-- line: 100
CREATE VIEW line_100 AS
SELECT p.name, p.age FROM person* p;

-- line: 126
CREATE VIEW line_126 AS
select * from onek,
  (values ((select i from
    (values(10000), (2), (389), (1000), (2000), ((select 10029))) as foo(i)
    order by i asc limit 1))) bar (i)
  where onek.unique1 = bar.i;

-- line: 140
CREATE VIEW line_140 AS
VALUES (1,2), (3,4+4), (7,77.7)
UNION ALL
SELECT 2+2, 57
UNION ALL
TABLE int8_tbl;

-- line: 155
CREATE TABLE foo (f1 int);

-- line: 163
CREATE VIEW line_163 AS
SELECT * FROM foo ORDER BY f1 DESC NULLS LAST;

-- line: 231
CREATE VIEW line_231 AS
select unique1, unique2 from onek2
  where (unique2 = 11 and stringu1 < 'B') or unique1 = 0;

-- line: 245
create function sillysrf(int) returns setof int as
  'values (1),(10),(2),($1)' language sql immutable;

-- line: 249
CREATE VIEW line_249 AS
select sillysrf(-1) order by 1;

-- line: 260
create table list_parted_tbl (a int,b int) partition by list (a);

-- line: 261
create table list_parted_tbl1 partition of list_parted_tbl
  for values in (1) partition by list(b);

-- source: postgresql-18 18.6 src/test/regress/sql/select_distinct.sql
CREATE SCHEMA of_select_distinct; SET LOCAL search_path = of_select_distinct, test_setup, create_misc;

-- line: 8
CREATE VIEW line_8 AS
SELECT DISTINCT two FROM onek ORDER BY 1;

-- line: 64
CREATE TABLE distinct_group_1 AS
SELECT DISTINCT g%1000 FROM generate_series(0,9999) g WITH NO DATA;

-- line: 91
CREATE TABLE distinct_hash_1 AS
SELECT DISTINCT g%1000 FROM generate_series(0,9999) g WITH NO DATA;

-- line: 105
CREATE VIEW line_105 AS
(SELECT * FROM distinct_hash_1 EXCEPT SELECT * FROM distinct_group_1)
  UNION ALL
(SELECT * FROM distinct_group_1 EXCEPT SELECT * FROM distinct_hash_1);

-- line: 201
CREATE TABLE disttable (f1 integer);

-- line: 210
CREATE VIEW line_210 AS
SELECT f1, f1 IS DISTINCT FROM f1 as "false" FROM disttable;

-- line: 230
CREATE TABLE distinct_tbl (x int, y int);

-- line: 231, from: 14
CREATE PROCEDURE line_231() LANGUAGE sql BEGIN ATOMIC
INSERT INTO distinct_tbl SELECT i%10, i%10 FROM generate_series(1, 1000) AS i;
END;

-- source: postgresql-18 18.6 src/test/regress/sql/select_distinct_on.sql
CREATE SCHEMA of_select_distinct_on; SET LOCAL search_path = of_select_distinct_on, test_setup, create_misc;

-- line: 5
CREATE VIEW line_5 AS
SELECT DISTINCT ON (string4) string4, two, ten
   FROM onek
   ORDER BY string4 using <, two using >, ten using <;

-- line: 27
CREATE VIEW line_27 AS
SELECT DISTINCT ON (four) four,two
   FROM tenk1 WHERE four = 0 ORDER BY 1;

-- line: 51
CREATE TABLE distinct_on_tbl (x int, y int, z int);

-- line: 52, from: 14
CREATE PROCEDURE line_52() LANGUAGE sql BEGIN ATOMIC
INSERT INTO distinct_on_tbl SELECT i%10, i%10, i%10 FROM generate_series(1, 1000) AS i;
END;

-- line: 67
CREATE VIEW line_67 AS
SELECT DISTINCT ON (y, x) x, y FROM (SELECT * FROM distinct_on_tbl ORDER BY x) s;

-- source: postgresql-18 18.6 src/test/regress/sql/select_having.sql
CREATE SCHEMA of_select_having; SET LOCAL search_path = of_select_having, test_setup, create_misc;

-- line: 6
CREATE TABLE test_having (a int, b int, c char(8), d char);

-- line: 18
CREATE VIEW line_18 AS
SELECT b, c FROM test_having
	GROUP BY b, c HAVING count(*) = 1 ORDER BY b, c;

-- line: 25
CREATE VIEW line_25 AS
SELECT lower(c), count(c) FROM test_having
	GROUP BY lower(c) HAVING count(*) > 2 OR min(a) = max(a)
	ORDER BY lower(c);

-- line: 36
CREATE VIEW line_36 AS
SELECT min(a), max(a) FROM test_having HAVING min(a) = max(a);

-- source: postgresql-18 18.6 src/test/regress/sql/select_implicit.sql
CREATE SCHEMA of_select_implicit; SET LOCAL search_path = of_select_implicit, test_setup, create_misc;

-- line: 10
CREATE TABLE test_missing_target (a int, b int, c char(8), d char);

-- line: 24
CREATE VIEW line_24 AS
SELECT c, count(*) FROM test_missing_target GROUP BY test_missing_target.c ORDER BY c;

-- line: 64
CREATE VIEW line_64 (c1, c2) AS
SELECT a, a FROM test_missing_target
	ORDER BY a;

-- line: 105
CREATE VIEW line_105 AS
SELECT count(c) FROM test_missing_target
GROUP BY lower(test_missing_target.c)
ORDER BY lower(test_missing_target.c);

-- source: postgresql-18 18.6 src/test/regress/sql/select_views.sql
CREATE SCHEMA of_select_views; SET LOCAL search_path = of_select_views, test_setup, create_misc, of_create_view;

-- line: 17
CREATE FUNCTION f_leak (text)
       RETURNS bool LANGUAGE 'plpgsql' COST 0.0000001
       AS 'BEGIN RAISE NOTICE ''f_leak => %'', $1; RETURN true; END';

-- line: 21
CREATE TABLE customer (
       cid      int primary key,
       name     text not null,
       tel      text,
       passwd	text
);

-- line: 28
CREATE TABLE credit_card (
       cid      int references customer(cid),
       cnum     text,
       climit   int
);

-- line: 34
CREATE TABLE credit_usage (
       cid      int references customer(cid),
       ymd      date,
       usage    int
);

-- line: 59
CREATE VIEW my_property_normal AS
       SELECT * FROM customer WHERE name = current_user;

-- line: 61
CREATE VIEW my_property_secure WITH (security_barrier) AS
       SELECT * FROM customer WHERE name = current_user;

-- line: 64
CREATE VIEW my_credit_card_normal AS
       SELECT * FROM customer l NATURAL JOIN credit_card r
       WHERE l.name = current_user;

-- line: 67
CREATE VIEW my_credit_card_secure WITH (security_barrier) AS
       SELECT * FROM customer l NATURAL JOIN credit_card r
       WHERE l.name = current_user;

-- line: 71
CREATE VIEW my_credit_card_usage_normal AS
       SELECT * FROM my_credit_card_secure l NATURAL JOIN credit_usage r;

-- line: 73
CREATE VIEW my_credit_card_usage_secure WITH (security_barrier) AS
       SELECT * FROM my_credit_card_secure l NATURAL JOIN credit_usage r;

-- line: 92
CREATE VIEW line_92 AS
SELECT * FROM my_property_normal WHERE f_leak(passwd);

-- line: 102
CREATE VIEW line_102 AS
SELECT * FROM my_property_normal v
		WHERE f_leak('passwd') AND f_leak(passwd);

-- line: 128
CREATE VIEW line_128 AS
SELECT * FROM my_credit_card_usage_normal
       WHERE f_leak(cnum) AND ymd >= '2011-10-01' AND ymd < '2011-11-01';

-- source: postgresql-18 18.6 src/test/regress/sql/subselect.sql
CREATE SCHEMA of_subselect; SET LOCAL search_path = of_subselect, test_setup, create_misc;

-- line: 5
CREATE VIEW line_5 AS
SELECT 1 AS one WHERE 1 IN (SELECT 1);

-- line: 26
CREATE VIEW line_26 AS
SELECT (((SELECT ARRAY[1,2,3])))[3];

-- line: 30
CREATE TABLE SUBSELECT_TBL (
  f1 integer,
  f2 integer,
  f3 float
);

-- line: 80
CREATE VIEW line_80 AS
SELECT f1 AS "Correlated Field"
  FROM SUBSELECT_TBL
  WHERE (f1, f2) IN (SELECT f2, CAST(f3 AS int4) FROM SUBSELECT_TBL
                     WHERE f3 IS NOT NULL);

-- line: 106, from: 16
CREATE VIEW view_unnamed_ss AS
SELECT * FROM (SELECT * FROM (SELECT abs(f1) AS a1 FROM int4_tbl)),
              (SELECT * FROM int8_tbl)
  WHERE a1 < 10 AND q1 > a1 ORDER BY q1, q2;

-- line: 119, from: 16
CREATE VIEW view_unnamed_ss_locking AS
SELECT * FROM (SELECT * FROM int4_tbl), int8_tbl AS unnamed_subquery
  WHERE f1 = q1
  FOR UPDATE OF unnamed_subquery;

-- line: 142
CREATE VIEW line_142 AS
SELECT *, pg_typeof(f1) FROM
  (SELECT 'foo' AS f1 FROM generate_series(1,3)) ss ORDER BY 1;

-- line: 182
CREATE VIEW line_182 AS
select count(distinct ss.ten) from
  (select ten from tenk1 a
   where unique1 IN (select distinct hundred from tenk1 b)) ss;

-- line: 224
CREATE TABLE orderstest (
    approver_ref integer,
    po_ref integer,
    ordercanceled boolean
);

-- line: 242
CREATE VIEW orders_view AS
SELECT *,
(SELECT CASE
   WHEN ord.approver_ref=1 THEN '---' ELSE 'Approved'
 END) AS "Approved",
(SELECT CASE
 WHEN ord.ordercanceled
 THEN 'Canceled'
 ELSE
  (SELECT CASE
		WHEN ord.po_ref=1
		THEN
		 (SELECT CASE
				WHEN ord.approver_ref=1
				THEN '---'
				ELSE 'Approved'
			END)
		ELSE 'PO'
	END)
END) AS "Status",
(CASE
 WHEN ord.ordercanceled
 THEN 'Canceled'
 ELSE
  (CASE
		WHEN ord.po_ref=1
		THEN
		 (CASE
				WHEN ord.approver_ref=1
				THEN '---'
				ELSE 'Approved'
			END)
		ELSE 'PO'
	END)
END) AS "Status_OK"
FROM orderstest ord;

-- line: 293
CREATE table shipped (
    ttype       char(2),
    ordnum      int4,
    partnum     text,
    value       float8
);

-- line: 300
CREATE view shipped_view as
    select * from shipped where ttype = 'wt';

-- line: 303
create rule shipped_view_insert as on insert to shipped_view do instead
    insert into shipped values('wt', new.ordnum, new.partnum, new.value);

-- line: 313
create rule shipped_view_update as on update to shipped_view do instead
    update shipped set partnum = new.partnum, value = new.value
        where ttype = new.ttype and ordnum = new.ordnum;

-- line: 317, from: 14
CREATE PROCEDURE line_317() LANGUAGE sql BEGIN ATOMIC
update shipped_view set value = 11
    from int4_tbl a join int4_tbl b
      on (a.f1 = (select f1 from int4_tbl c where c.f1=b.f1))
    where ordnum = a.f1;
END;

-- line: 338
CREATE VIEW line_338 AS
select * from (
  select min(unique1) from tenk1 as a
  where not exists (select 1 from tenk1 as b where b.unique2 = 10000)
) ss;

-- line: 405
CREATE table t1 (f1 numeric(14,0), f2 varchar(30));

-- line: 416
CREATE table table_a(id integer);

-- line: 419
CREATE view view_a as select * from table_a;

-- line: 430
CREATE VIEW line_430 AS
select (1 = any(array_agg(f1))) = any (select false) from int4_tbl;

-- line: 477
CREATE table upsert(key int4 primary key, val text);

-- line: 479, from: 14
CREATE PROCEDURE line_479() LANGUAGE sql BEGIN ATOMIC
insert into upsert values(1, 'val') on conflict (key) do update set val = 'seen with subselect ' || (select f1 from int4_tbl where f1 != 0 limit 1)::text;
END;

-- line: 605
CREATE table exists_tbl (c1 int, c2 int, c3 int) partition by list (c1);

-- line: 606
CREATE table exists_tbl_null partition of exists_tbl for values in (null);

-- line: 628
CREATE VIEW line_628 (c1, c2) AS
select x, x from
    (select (select now()) as x from (values(1),(2)) v(y)) ss;

-- line: 748
CREATE table nocolumns();

-- line: 749
CREATE VIEW line_749 AS
select exists(select * from nocolumns);

-- line: 848
create function tattle(x int, y int) returns bool
volatile language plpgsql as $$
begin
  raise notice 'x = %, y = %', x, y;
  return x > y;
end$$;

-- line: 855
CREATE VIEW line_855 AS
select * from
  (select 9 as x, unnest(array[1,2,3,11,12,13]) as u) ss
  where tattle(x, 8);

-- line: 934
CREATE TYPE t_rec AS (x numeric);

-- line: 977
CREATE TABLE u1 (a t_rec);

-- line: 978
CREATE TABLE u2 (a t_rec);

-- line: 999
CREATE VIEW line_999 AS
SELECT * FROM (SELECT a FROM u1 INTERSECT ALL SELECT a FROM u2) s
WHERE a *= ROW(1.0)::t_rec;

-- line: 1156
CREATE VIEW line_1156 AS
select t1.q1, x from
  int8_tbl t1 left join
  (int8_tbl t2 inner join
   lateral (select t2.q1+1 as x, * from int8_tbl t3) t3 on t2.q2 = t3.q2)
  on t1.q2 = t2.q2
order by 1, 2;

-- line: 1277
CREATE VIEW line_1277 AS
with x as (select * from (select f1, random() from subselect_tbl) ss)
select * from x where f1 = 1;

-- line: 1341
CREATE VIEW line_1341 AS
with x as (select 1 as y)
select * from (with x as (select 2 as y) select * from x) ss;

-- line: 1408
CREATE VIEW line_1408 AS
SELECT * FROM onek
    WHERE unique1 IN (VALUES(1200), (1));

-- line: 1455
CREATE VIEW line_1455 AS
SELECT ten FROM onek WHERE unique1 IN (VALUES (1), (2) OFFSET 1);

-- source: postgresql-18 18.6 src/test/regress/sql/union.sql
CREATE SCHEMA of_union; SET LOCAL search_path = of_union, test_setup, create_misc;

-- line: 7
CREATE VIEW line_7 AS
SELECT 1 AS two UNION SELECT 2 ORDER BY 1;

-- line: 47
CREATE VIEW line_47 AS
SELECT f1 AS five FROM FLOAT8_TBL
UNION
SELECT f1 FROM FLOAT8_TBL
ORDER BY 1;

-- line: 103
CREATE VIEW line_103 AS
SELECT q2 FROM int8_tbl EXCEPT ALL SELECT q1 FROM int8_tbl ORDER BY 1;

-- line: 147
CREATE VIEW line_147 AS
select * from int8_tbl intersect select q2, q1 from int8_tbl order by 1, 2;

-- line: 266
CREATE VIEW line_266 AS
select '123'::xid union select '123'::xid;

-- line: 318
CREATE VIEW line_318 AS
select union select;

-- line: 358
CREATE VIEW line_358 AS
with cte as materialized (select s from generate_series(1,5) s)
select from cte union select from cte;

-- line: 387
CREATE TABLE t1 (a text, b text);

-- line: 388
CREATE INDEX t1_ab_idx on t1 ((a || b));

-- line: 486
CREATE VIEW line_486 AS
SELECT * FROM
  (SELECT 1 AS t, generate_series(1,10) AS x
   UNION
   SELECT 2 AS t, 4 AS x) ss
WHERE x < 4
ORDER BY x;

-- line: 546
create function expensivefunc(int) returns int
language plpgsql immutable strict cost 10000
as $$begin return $1; end$$;

-- line: 550
CREATE table t3 as select generate_series(-1000,1000) as x WITH NO DATA;

-- line: 551
create index t3i on t3 (expensivefunc(x));

-- source: postgresql-18 18.6 src/test/regress/sql/join.sql
CREATE SCHEMA of_join; SET LOCAL search_path = of_join, test_setup, create_misc;

-- line: 6
CREATE TABLE J1_TBL (
  i integer,
  j integer,
  t text
);

-- line: 12
CREATE TABLE J2_TBL (
  i integer,
  k integer
);

-- line: 64
CREATE VIEW line_64 AS
SELECT *
  FROM J1_TBL t1 (a, b, c), J2_TBL t2 (d, e);

-- line: 231
CREATE TABLE t1 (name TEXT, n INTEGER);

-- line: 232
CREATE TABLE t2 (name TEXT, n INTEGER);

-- line: 233
CREATE TABLE t3 (name TEXT, n INTEGER);

-- line: 250
CREATE VIEW line_250 (c1, c2, c3) AS
SELECT * FROM
(SELECT * FROM t2) as s2
INNER JOIN
(SELECT * FROM t3) s3
USING (name);

-- line: 327
CREATE table x (x1 int, x2 int);

-- line: 334
CREATE table y (y1 int, y2 int);

-- line: 481
CREATE VIEW line_481 (c1, c2, c3, c4) AS
select *
from int4_tbl t1 left join int4_tbl t2 on true
  left join int4_tbl t3 on t2.f1 > 0
  left join int4_tbl t4 on t3.f1 > 0;

-- line: 638
CREATE TABLE t1_2 (a int, b int);

-- line: 639
CREATE TABLE t2_2 (a int, b int);

-- line: 640
CREATE TABLE t3_2 (x int, y int);

-- line: 652, from: 14
CREATE PROCEDURE line_652() LANGUAGE sql BEGIN ATOMIC
DELETE FROM t3_2 USING t1_2 table1 WHERE t3_2.x = table1.a;
END;

-- line: 775
CREATE VIEW line_775 AS
select * from tenk1 t1_2
where exists (select 1 from tenk1 t2_2 where fivethous = t1_2.fivethous)
and t1_2.fivethous < 5;

-- line: 937
CREATE table zt1 (f1 int primary key);

-- line: 948
CREATE view zv1 as select *,'dummy'::text AS junk from zt1;

-- line: 1136
CREATE table nt1 (
  id int primary key,
  a1 boolean,
  a2 boolean
);

-- line: 1141
CREATE table nt2 (
  id int primary key,
  nt1_id int,
  b1 boolean,
  b2 boolean,
  foreign key (nt1_id) references nt1(id)
);

-- line: 1148
CREATE table nt3 (
  id int primary key,
  nt2_id int,
  c1 boolean,
  foreign key (nt2_id) references nt2(id)
);

-- line: 1165
CREATE VIEW line_1165 AS
select nt3.id
from nt3 as nt3
  left join
    (select nt2.*, (nt2.b1 and ss1.a3) AS b3
     from nt2 as nt2
       left join
         (select nt1.*, (nt1.id is not null) as a3 from nt1) as ss1
         on ss1.id = nt2.nt1_id
    ) as ss2
    on ss2.id = nt3.nt2_id
where nt3.id = 1 and ss2.b3;

-- line: 1248
CREATE table q1 as select 1 as q1 WITH NO DATA;

-- line: 1249
CREATE table q2 as select 0 as q2 WITH NO DATA;

-- line: 1521
create function f_immutable_int4(i integer) returns integer as
$$ begin return i; end; $$ language plpgsql immutable;

-- line: 1537
CREATE VIEW line_1537 AS
select unique1 from tenk1, lateral f_immutable_int4(1) x where x = unique1;

-- line: 1738
CREATE VIEW line_1738 (c1, c2, c3, c4, c5, c6) AS
select * from int8_tbl t1_2 left join int8_tbl t2_2 on t1_2.q2 = t2_2.q1,
  lateral (select * from int8_tbl t3_2 where t2_2.q1 = t2_2.q2) ss;

-- line: 2146
CREATE TABLE a_3 (id int PRIMARY KEY, b_id int);

-- line: 2147
CREATE TABLE b_3 (id int PRIMARY KEY, c_id int);

-- line: 2148
CREATE TABLE c_2 (id int PRIMARY KEY);

-- line: 2150
CREATE TABLE e (id1 int, id2 int, PRIMARY KEY(id1, id2));

-- line: 2163
CREATE VIEW line_2163 AS
SELECT a_3.* FROM a_3 LEFT JOIN b_3 ON a_3.id = b_3.id
  LEFT JOIN e ON e.id1 = a_3.b_id AND b_3.c_id = e.id2;

-- line: 2339
CREATE VIEW line_2339 AS
SELECT q.val FROM b_3 LEFT JOIN (
  SELECT (q1.z IS NOT NULL) AS val
  FROM b_3 LEFT JOIN (
    SELECT (t1_2.b_id IS NOT NULL) AS z FROM a_3 t1_2 LEFT JOIN a_3 t2_2 USING (id)
    ) AS q1
  ON true
) AS q ON true;

-- line: 2348
CREATE TABLE parted_b (id int PRIMARY KEY) partition by range(id);

-- line: 2349
CREATE TABLE parted_b1 partition of parted_b for values from (0) to (10);

-- line: 2415
CREATE TABLE a_4 (id int PRIMARY KEY);

-- line: 2416
CREATE TABLE b_4 (id int PRIMARY KEY, a_id int);

-- line: 2641
CREATE table parttbl (a_4 integer primary key) partition by range (a_4);

-- line: 2644
CREATE VIEW line_2644 AS
select * from
  (select *, 12 as phv from parttbl) as ss
  right join int4_tbl on true
where ss.a_4 = ss.phv and f1 = 0;

-- line: 2672
create table sj (a_4 int unique, b_4 int, c_2 int unique);

-- line: 2847
CREATE UNIQUE INDEX sj_fn_idx ON sj((a_4 * a_4));

-- line: 2850
CREATE VIEW line_2850 (c1, c2, c3, c4, c5, c6) AS
SELECT * FROM sj j1, sj j2
	WHERE j1.b_4 = j2.b_4 AND j1.a_4*j1.a_4 = 1 AND j2.a_4*j2.a_4 = 1;

-- line: 2965
CREATE TABLE emp1 (id SERIAL PRIMARY KEY NOT NULL, code int);

-- line: 3026
CREATE TABLE tbl_phv(x int, y int PRIMARY KEY);

-- line: 3028, from: 14
CREATE PROCEDURE line_3028() LANGUAGE sql BEGIN ATOMIC
INSERT INTO tbl_phv (x, y)
  SELECT gs, gs FROM generate_series(1,100) AS gs;
END;

-- line: 3068
CREATE RULE sj_del_rule AS ON DELETE TO sj
  DO INSTEAD
    UPDATE sj SET a_4 = 1 WHERE a_4 = old.a_4;

-- line: 3076
CREATE VIEW line_3076 AS
select 1 from emp1 full join
    (select * from emp1 t1_2 join
        emp1 t2_2 join emp1 t3_2 on t2_2.id = t3_2.id
        on true
    where false) s on true
where false;

-- line: 3290
CREATE VIEW line_3290 AS
select * from (values(1)) x(lb),
  lateral generate_series(lb,4) x4;

-- line: 3442
CREATE VIEW line_3442 AS
select * from
  (values (0,9998), (1,1000)) v(id,x),
  lateral (select f1 from int4_tbl
           where f1 = any (select unique1 from tenk1
                           where unique2 = v.x offset 0)) ss;

-- line: 3510
create table join_pt1 (a_4 int, b_4 int, c_2 varchar) partition by range(a_4);

-- line: 3511
create table join_pt1p1 partition of join_pt1 for values from (0) to (100) partition by range(b_4);

-- line: 3650
create table j1_2 (id1 int, id2 int, primary key(id1,id2));

-- line: 3684
create unique index j1_id2_idx on j1_2(id2) where id2 is not null;

-- line: 3701
create index j1_id1_idx on j1_2 (id1) where id1 % 1000 = 1;

-- source: postgresql-18 18.6 src/test/regress/sql/aggregates.sql
CREATE SCHEMA of_aggregates; SET LOCAL search_path = of_aggregates, test_setup, create_misc;

-- line: 12
CREATE TABLE aggtest (
	a 			int2,
	b			float4
);

-- line: 25
CREATE VIEW line_25 AS
SELECT avg(a) AS avg_32 FROM aggtest WHERE a < 100;

-- line: 55
CREATE VIEW line_55 AS
SELECT stddev_pop(b::numeric) FROM aggtest;

-- line: 91
CREATE VIEW line_91 AS
select sum(null::float8) from generate_series(1,3);

-- line: 131
CREATE VIEW line_131 AS
SELECT regr_sxy(b, a) FROM aggtest;

-- line: 144
CREATE TABLE regr_test (x float8, y float8);

-- line: 154
CREATE VIEW line_154 (c1, c2, c3, c4, c5, c6) AS
SELECT count(*), sum(x), regr_sxx(y,x), sum(y),regr_syy(y,x), regr_sxy(y,x)
FROM regr_test WHERE x IN (80,100);

-- line: 279
CREATE VIEW line_279 (c1, c2, c3, c4, c5, c6, c7, c8, c9) AS
SELECT
  booland_statefunc(NULL, NULL)  IS NULL AS "t",
  booland_statefunc(TRUE, NULL)  IS NULL AS "t",
  booland_statefunc(FALSE, NULL) IS NULL AS "t",
  booland_statefunc(NULL, TRUE)  IS NULL AS "t",
  booland_statefunc(NULL, FALSE) IS NULL AS "t",
  booland_statefunc(TRUE, TRUE) AS "t",
  NOT booland_statefunc(TRUE, FALSE) AS "t",
  NOT booland_statefunc(FALSE, TRUE) AS "t",
  NOT booland_statefunc(FALSE, FALSE) AS "t";

-- line: 410
CREATE VIEW line_410 AS
select max(unique2), generate_series(1,3) as g from tenk1 order by g desc;

-- line: 420
create table minmaxtest(f1 int);

-- line: 423
create table minmaxtest3() inherits (minmaxtest);

-- line: 427
create index minmaxtest3i on minmaxtest3(f1) where f1 is not null;

-- line: 467
CREATE table t2 (x int, y int, z int, primary key (x, y));

-- line: 523
CREATE VIEW line_523 AS
select x,y,z from t2 group by x,y,z;

-- line: 531
create index t2_z_uidx_2 on t2 (z) where z > 0;

-- line: 598
CREATE table t1_2(f1 int, f2 int);

-- line: 599
CREATE table t2_2(f1 bigint, f2 oid);

-- line: 618
CREATE view v1 as
select f1::int from t1_2 left join t2_2 using (f1) group by f1;

-- line: 671
CREATE VIEW line_671 (c1, c2, c3, c4, c5) AS
select
  sum(unique1 order by two), sum(unique1 order by four),
  sum(unique1 order by four, two), sum(unique1 order by two, random()),
  sum(unique1 order by two, random(), random() + 1)
from tenk1
group by ten;

-- line: 767
CREATE VIEW line_767 AS
select
    string_agg(distinct 'a', ','),
    sum((
        select sum(1)
        from (values(1)) b(id)
        where a.id = b.id
)) from unnest(array[1]) a(id);

-- line: 881
create table pagg_test (x int, y int) with (autovacuum_enabled = off);

-- line: 882, from: 14
CREATE PROCEDURE line_882() LANGUAGE sql BEGIN ATOMIC
insert into pagg_test
select (case x % 4 when 1 then null else x end), x % 10
from generate_series(1,5000) x;
END;

-- line: 894
create view v_pagg_test AS
select
	y,
	min(t) AS tmin,max(t) AS tmax,count(distinct t) AS tndistinct,
	min(b) AS bmin,max(b) AS bmax,count(distinct b) AS bndistinct,
	min(a) AS amin,max(a) AS amax,count(distinct a) AS andistinct,
	min(aa) AS aamin,max(aa) AS aamax,count(distinct aa) AS aandistinct
from (
	select
		y,
		unnest(regexp_split_to_array(a1.t, ','))::int AS t,
		unnest(regexp_split_to_array(a1.b::text, ',')) AS b,
		unnest(a1.a) AS a,
		unnest(a1.aa) AS aa
	from (
		select
			y,
			string_agg(x::text, ',') AS t,
			string_agg(x::text::bytea, ',') AS b,
			array_agg(x) AS a,
			array_agg(ARRAY[x]) AS aa
		from pagg_test
		group by y
	) a1
) a2
group by y;

-- line: 957
CREATE VIEW line_957 AS
select ten, sum(distinct four) filter (where four > 10) from onek a
group by ten
having exists (select 1 from onek b where sum(distinct a.four) = b.four);

-- line: 1024
CREATE VIEW line_1024 AS
select percentile_cont(0.5) within group (order by b), sum(b) from aggtest;

-- line: 1051
CREATE VIEW line_1051 AS
select pg_collation_for(percentile_disc(1) within group (order by x collate "POSIX"))
  from (values ('fred'),('jim')) v(x);

-- line: 1084
create view aggordview1 as
select ten,
       percentile_disc(0.5) within group (order by thousand) as p50,
       percentile_disc(0.5) within group (order by thousand) filter (where hundred=1) as px,
       rank(5,'AZZZZ',50) within group (order by hundred, string4 desc, hundred)
  from tenk1
 group by ten order by ten;

-- line: 1319
CREATE TABLE btg AS SELECT
  i % 10 AS x,
  i % 10 AS y,
  'abc' || i % 10 AS z,
  i AS w
FROM generate_series(1, 100) AS i WITH NO DATA;

-- line: 1365
CREATE VIEW line_1365 AS
SELECT y, x, array_agg(distinct w)
  FROM btg WHERE y < 0 GROUP BY x, y;

-- source: postgresql-18 18.6 src/test/regress/sql/groupingsets.sql
CREATE SCHEMA of_groupingsets; SET LOCAL search_path = of_groupingsets, test_setup, create_misc;

-- line: 7
CREATE view gstest1(a,b,v)
  as values (1,1,10),(1,1,11),(1,2,12),(1,2,13),(1,3,14),
            (2,3,15),
            (3,3,16),(3,4,17),
            (4,1,18),(4,1,19);

-- line: 13
CREATE table gstest2 (a integer, b integer, c integer, d integer,
                           e integer, f integer, g integer, h integer);

-- line: 42
CREATE table gstest_empty (a integer, b integer, v integer);

-- line: 59
CREATE VIEW line_59 AS
select a, b, grouping(a,b), sum(v), count(*), max(v)
  from gstest1 group by rollup (a,b);

-- line: 77
CREATE VIEW line_77 (c1, c2, c3, c4, c5) AS
select grouping(a), a, array_agg(b),
       rank(a) within group (order by b nulls first),
       rank(a) within group (order by b nulls last)
  from (values (1,1),(1,4),(1,5),(3,1),(3,2)) v(a,b)
 group by rollup (a) order by a;

-- line: 100
CREATE VIEW line_100 AS
select sum(c) from gstest2
  group by grouping sets(grouping sets((a, (b))))
  order by 1 desc;

-- line: 119
CREATE VIEW line_119 AS
select a, b, sum(v), count(*) from gstest_empty group by grouping sets ((a,b),(),(),());

-- line: 135
CREATE VIEW line_135 AS
select a, b, grouping(a, b), sum(t1.v), max(t2.c)
  from gstest1 t1 join gstest2 t2 using (a,b)
 group by grouping sets ((a, b), ());

-- line: 170
CREATE VIEW line_170 AS
select x, not x as not_x, q2 from
  (select *, q1 = 1 as x from int8_tbl i1) as t
  group by grouping sets(x, q2)
  order by x, q2;

-- line: 233
CREATE VIEW line_233 AS
select * from (
  select 1 as x, q1, sum(q2)
  from int8_tbl i1
  group by grouping sets(1, 2)
) ss
where x = 1 and q1 = 123;

-- line: 286
CREATE VIEW gstest_view AS select a, b, grouping(a,b), sum(c), count(*), max(c)
  from gstest2 group by rollup ((a,b,c),(c,d));

-- line: 292
CREATE VIEW line_292 AS
select(select (select grouping(a,b) from (values (1)) v2(c)) from (values (1,2)) v1(a,b) group by (a,b)) from (values(6,7)) v3(e,f) GROUP BY ROLLUP(e,f);

-- line: 304
CREATE VIEW line_304 AS
select(select (select grouping(a,b) from (values (1)) v2(c)) from (values (1,2)) v1(a,b) group by (a,b)) from (values(6,7)) v3(e,f) GROUP BY CUBE((e+1),(f+1)) ORDER BY (e+1),(f+1);

-- line: 323
CREATE VIEW line_323 AS
select ten, sum(distinct four) from onek a
group by grouping sets((ten,four),(ten))
having exists (select 1 from onek b where sum(distinct a.four) = b.four);

-- line: 345
CREATE VIEW line_345 AS
select a, b, count(*) from gstest2 group by rollup(a), b having b > 1;

-- line: 369
CREATE VIEW line_369 AS
select ten, grouping(ten) from onek
group by rollup(ten) having grouping(ten) > 0
order by 2,1;

-- line: 389
CREATE VIEW line_389 AS
select sum(ten) from onek group by rollup(four::text), two order by 1;

-- line: 413
CREATE VIEW line_413 AS
select a, b, grouping(a,b), array_agg(v order by v)
    from gstest1 group by cube(a,b);

-- line: 524
CREATE VIEW line_524 (c1, c2, c3, c4, c5) AS
select * from (values (1),(2)) v(a) left join lateral (select v.a, four, ten, count(*) from onek group by grouping sets(four,ten)) s on true order by v.a,four,ten;

-- line: 587
create table gs_data_1 as
select g%1000 as g1000, g%100 as g100, g%10 as g10, g
   from generate_series(0,1999) g WITH NO DATA;

-- line: 603
CREATE VIEW line_603 AS
select g100, g10, sum(g::numeric), count(*), max(g::text)
from gs_data_1 group by cube (g1000, g100,g10);

-- line: 668
CREATE VIEW line_668 AS
select (select grouping(v1)) from (values ((select 1))) v(v1) group by v1;

-- line: 735
CREATE VIEW line_735 AS
select distinct on (a, b+1) a, b+1
from (values (1, 0), (2, 1)) as t (a, b) where a = b+1
group by grouping sets((a, b+1), (a))
order by a, b+1;

-- source: postgresql-18 18.6 src/test/regress/sql/window.sql
CREATE SCHEMA of_window; SET LOCAL search_path = of_window, test_setup, create_misc;

-- line: 5
CREATE TABLE empsalary (
    depname varchar,
    empno bigint,
    salary int,
    enroll_date date
);

-- line: 24
CREATE VIEW line_24 AS
SELECT depname, empno, salary, sum(salary) OVER (PARTITION BY depname) FROM empsalary ORDER BY depname, salary;

-- line: 55
CREATE VIEW line_55 AS
SELECT cume_dist() OVER (PARTITION BY four ORDER BY ten), ten, four FROM tenk1 WHERE unique2 < 10;

-- line: 84
CREATE VIEW line_84 AS
SELECT nth_value(ten, four + 1) OVER (PARTITION BY four), ten, four
	FROM (SELECT * FROM tenk1 WHERE unique2 < 10 ORDER BY four, ten)s;

-- line: 144
CREATE VIEW line_144 AS
select ten,
  sum(unique1) + sum(unique2) as res,
  rank() over (order by sum(unique1) + sum(unique2)) as rank
from tenk1
group by ten order by ten;

-- line: 214
CREATE VIEW line_214 AS
SELECT first_value(unique1) over (ORDER BY four rows between current row and 2 following exclude current row),
	unique1, four
FROM tenk1 WHERE unique1 < 10;

-- line: 266
CREATE VIEW line_266 AS
SELECT first_value(unique1) over w,
	nth_value(unique1, 2) over w AS nth_2,
	last_value(unique1) over w, unique1, four
FROM tenk1 WHERE unique1 < 10
WINDOW w AS (order by four range between current row and unbounded following);

-- line: 278
CREATE VIEW v_window AS
	SELECT i, sum(i) over (order by i rows between 1 preceding and 1 following) as sum_rows
	FROM generate_series(1, 10) i;

-- line: 286
CREATE VIEW v_window_2 AS
	SELECT i, sum(i) over (order by i rows between 1 preceding and 1 following
	exclude current row) as sum_rows FROM generate_series(1, 10) i;

-- line: 294
CREATE VIEW v_window_3 AS
	SELECT i, sum(i) over (order by i rows between 1 preceding and 1 following
	exclude group) as sum_rows FROM generate_series(1, 10) i;

-- line: 302
CREATE VIEW v_window_4 AS
	SELECT i, sum(i) over (order by i rows between 1 preceding and 1 following
	exclude ties) as sum_rows FROM generate_series(1, 10) i;

-- line: 318
CREATE VIEW v_window_6 AS
	SELECT i, sum(i) over (order by i groups between 1 preceding and 1 following) as sum_rows FROM generate_series(1, 10) i;

-- line: 327
CREATE VIEW v_window_7 AS
	SELECT i, min(i) over (order by i range between '1 day' preceding and '10 days' following) as min_i
  FROM generate_series(now(), now()+'100 days'::interval, '1 hour') i;

-- line: 401
CREATE VIEW line_401 AS
select sum(salary) over (order by enroll_date range between '1 year'::interval preceding and '1 year'::interval following),
	salary, enroll_date from empsalary;

-- line: 464
CREATE VIEW line_464 AS
select x, y,
       first_value(y) over w,
       last_value(y) over w
from
  (select x, x as y from generate_series(1,5) as x
   union all select null, 42
   union all select null, 43) ss
window w as
  (order by x asc nulls first range between 2 preceding and 2 following);

-- line: 510, from: 14
CREATE FUNCTION unbounded_syntax_test1a(x int) RETURNS TABLE (a int, b int, c int)
LANGUAGE SQL
BEGIN ATOMIC
  SELECT sum(unique1) over (rows between x preceding and x following),
         unique1, four
  FROM tenk1 WHERE unique1 < 10;
END;

-- line: 530, from: 14
CREATE FUNCTION unbounded_syntax_test2a(unbounded int) RETURNS TABLE (a int, b int, c int)
LANGUAGE SQL
BEGIN ATOMIC
  SELECT sum(unique1) over (rows between unbounded preceding and unbounded following),
         unique1, four
  FROM tenk1 WHERE unique1 < 10;
END;

-- line: 554, from: 14
CREATE FUNCTION unbounded(x int) RETURNS int LANGUAGE SQL IMMUTABLE RETURN x;

-- line: 592
CREATE table numerics(
    id int,
    f_float4 float4,
    f_float8 float8,
    f_numeric numeric
);

-- line: 615
CREATE VIEW line_615 AS
select id, f_float4, first_value(id) over w, last_value(id) over w
from numerics
window w as (order by f_float4 range between
             1 preceding and 1.1::float4 following);

-- line: 934
CREATE VIEW line_934 AS
SELECT sum(unique1) over (order by four groups between 1 preceding and unbounded following),
	unique1, four
FROM tenk1 WHERE unique1 < 10;

-- line: 995
CREATE VIEW line_995 AS
select first_value(salary) over(order by enroll_date groups between 1 following and 3 following
	exclude current row),
	lead(salary) over(order by enroll_date groups between 1 following and 3 following exclude ties),
	nth_value(salary, 1) over(order by enroll_date groups between 1 following and 3 following
	exclude ties),
	salary, enroll_date from empsalary;

-- line: 1057
CREATE table t1 (f1 int, f2 int8);

-- line: 1090
CREATE VIEW line_1090 AS
select f1, sum(f1) over (partition by f1, f2 order by f2
                         groups between 1 following and 2 following)
from t1 where f1 = f2;

-- line: 1277
CREATE VIEW line_1277 AS
SELECT * FROM
  (SELECT empno,
          salary,
          count(empno) OVER (ORDER BY salary DESC) c
   FROM empsalary) emp
WHERE c <= 3;

-- line: 1467
CREATE VIEW line_1467 AS
SELECT * FROM
  (SELECT empno,
          salary,
          count(random()) OVER (ORDER BY empno DESC) c
   FROM empsalary) emp
WHERE c = 1;

-- line: 1609
CREATE VIEW line_1609 AS
SELECT DISTINCT
       empno,
       enroll_date,
       depname,
       sum(salary) OVER (PARTITION BY depname order by empno) depsalary,
       min(salary) OVER (PARTITION BY depname order by enroll_date) depminsalary
FROM empsalary
ORDER BY depname, enroll_date;

-- line: 1929
CREATE VIEW line_1929 AS
SELECT i,SUM(v::money) OVER (ORDER BY i ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)
  FROM (VALUES(1,'1.10'),(2,'2.20'),(3,NULL),(4,NULL)) t(i,v);

-- line: 1971
CREATE VIEW line_1971 AS
SELECT VARIANCE(n::bigint) OVER (ORDER BY i ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)
  FROM (VALUES(1,600),(2,470),(3,170),(4,430),(5,300)) r(i,n);

-- line: 2013
CREATE VIEW line_2013 AS
SELECT STDDEV(n::smallint) OVER (ORDER BY i ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)
  FROM (VALUES(0,NULL),(1,600),(2,470),(3,170),(4,430),(5,300)) r(i,n);

-- source: postgresql-18 18.6 src/test/regress/sql/with.sql
CREATE SCHEMA of_with; SET LOCAL search_path = of_with, test_setup, create_misc;

-- line: 6
CREATE VIEW line_6 (c1, c2, c3, c4) AS
WITH q1(x,y) AS (SELECT 1,2)
SELECT * FROM q1, q1 AS q2;

-- line: 20
CREATE VIEW line_20 AS
WITH RECURSIVE t(n) AS (
    VALUES (1)
UNION ALL
    SELECT n+1 FROM t WHERE n < 100
)
SELECT sum(n) FROM t;

-- line: 43
CREATE RECURSIVE VIEW nums (n) AS
    VALUES (1)
UNION ALL
    SELECT n+1 FROM nums WHERE n < 5;

-- line: 58
CREATE VIEW line_58 AS
WITH RECURSIVE t(n) AS (
    SELECT 1
UNION
    SELECT 10-n FROM t)
SELECT * FROM t;

-- line: 72
CREATE VIEW line_72 AS
WITH RECURSIVE t(n) AS (
    SELECT 1
UNION
    SELECT n+1 FROM t)
SELECT * FROM t LIMIT 10;

-- line: 100
CREATE VIEW line_100 AS
WITH RECURSIVE w1(c1) AS
 (WITH w2(c2) AS
  (WITH w3(c3) AS
   (WITH w4(c4) AS
    (WITH w5(c5) AS
     (WITH RECURSIVE w6(c6) AS
      (WITH w6(c6) AS
       (WITH w8(c8) AS
        (SELECT 1)
        SELECT * FROM w8)
       SELECT * FROM w6)
      SELECT * FROM w6)
     SELECT * FROM w5)
    SELECT * FROM w4)
   SELECT * FROM w3)
  SELECT * FROM w2)
SELECT * FROM w1;

-- line: 152
CREATE TABLE department (
	id INTEGER PRIMARY KEY,
	parent_department INTEGER REFERENCES department,
	name TEXT
);

-- line: 183
CREATE VIEW line_183 AS
WITH RECURSIVE subdepartment(level, id, parent_department, name) AS
(
	SELECT 1, * FROM department WHERE name = 'A'
	UNION ALL
	SELECT sd.level + 1, d.* FROM department AS d, subdepartment AS sd
		WHERE d.parent_department = sd.id
)
SELECT * FROM subdepartment ORDER BY name;

-- line: 212
CREATE VIEW line_212 AS
WITH RECURSIVE subdepartment AS
(
	SELECT * FROM department WHERE name = 'A'
)
SELECT * FROM subdepartment ORDER BY name;

-- line: 247
CREATE VIEW line_247 AS
WITH q1(x,y) AS (
    SELECT hundred, sum(ten) FROM tenk1 GROUP BY hundred
  )
SELECT count(*) FROM q1 WHERE y > (SELECT sum(y)/100 FROM q1 qsub);

-- line: 253
CREATE VIEW vsubdepartment AS
	WITH RECURSIVE subdepartment AS
	(
		SELECT * FROM department WHERE name = 'A'
		UNION ALL
		SELECT d.* FROM department AS d, subdepartment AS sd
			WHERE d.parent_department = sd.id
	)
	SELECT * FROM subdepartment;

-- line: 272
CREATE VIEW sums_1_100 AS
WITH RECURSIVE t(n) AS (
    VALUES (1)
UNION ALL
    SELECT n+1 FROM t WHERE n < 100
)
SELECT sum(n) FROM t;

-- line: 291
CREATE VIEW line_291 AS
with recursive q as (
      select * from department
    union all
      (with recursive x as (
           select * from department
         union all
           (select * from q union all select * from x)
        )
       select * from x)
    )
select * from q limit 32;

-- line: 316
CREATE TABLE tree(
    id INTEGER PRIMARY KEY,
    parent_id INTEGER REFERENCES tree(id)
);

-- line: 341
CREATE VIEW line_341 AS
WITH RECURSIVE t(id, path) AS (
    VALUES(1,ARRAY[]::integer[])
UNION ALL
    SELECT tree.id, t.path || tree.id
    FROM tree JOIN t ON (tree.parent_id = t.id)
)
SELECT t1.id, count(t2.*) FROM t AS t1 JOIN t AS t2 ON
	(t1.path[1] = t2.path[1] AND
	array_upper(t1.path,1) = 1 AND
	array_upper(t2.path,1) > 1)
	GROUP BY t1.id
	ORDER BY t1.id;

-- line: 390
CREATE VIEW line_390 AS
with x as materialized (select unique1 from tenk1 b order by unique1)
select count(*) from tenk1 a
  where unique1 in (select * from x);

-- line: 397
CREATE table graph0( f int, t int, label text );

-- line: 558, from: 14
CREATE view v_search as
with recursive search_graph(f, t, label) as (
	select * from graph0 g
	union all
	select g.*
	from graph0 g, search_graph sg
	where g.f = sg.t
) search depth first by f, t set seq
select f, t, label from search_graph;

-- line: 575
CREATE table graph( f int, t int, label text );

-- line: 803, from: 14
CREATE view v_cycle1 as
with recursive search_graph(f, t, label) as (
	select * from graph g
	union all
	select g.*
	from graph g, search_graph sg
	where g.f = sg.t
) cycle f, t set is_cycle using path
select f, t, label from search_graph;

-- line: 832
CREATE VIEW line_832 AS
WITH RECURSIVE
  y (id) AS (VALUES (1)),
  x (id) AS (SELECT * FROM y UNION ALL SELECT id+1 FROM x WHERE id < 5)
SELECT * FROM x;

-- line: 857
CREATE VIEW line_857 AS
WITH RECURSIVE
   x(id) AS
     (SELECT 1 UNION ALL SELECT id+1 FROM x WHERE id < 3 ),
   y(id) AS
     (SELECT * FROM x UNION ALL SELECT * FROM x),
   z(id) AS
     (SELECT * FROM x UNION ALL SELECT id+1 FROM z WHERE id < 10)
 SELECT * FROM z;

-- line: 879
CREATE TABLE y (a INTEGER);

-- line: 880, from: 14
CREATE PROCEDURE line_880() LANGUAGE sql BEGIN ATOMIC
INSERT INTO y SELECT generate_series(1, 10);
END;

-- line: 890, from: 14
CREATE PROCEDURE line_890() LANGUAGE sql BEGIN ATOMIC
WITH t AS (
	SELECT a FROM y
)
UPDATE y SET a = y.a-10 FROM t WHERE y.a > 20 AND t.a = y.a RETURNING y.a;
END;

-- line: 973
CREATE TABLE y_2 (a INTEGER);

-- line: 1080
CREATE TABLE x (n integer);

-- line: 1087
CREATE VIEW line_1087 AS
with cte(foo) as ( values(42) ) values((select foo from cte));

-- line: 1096
CREATE VIEW line_1096 AS
select ( with cte(foo) as ( values(f1) )
          values((select foo from cte)) )
from int4_tbl;

-- line: 1143
CREATE VIEW line_1143 AS
WITH outermost(x) AS (
  SELECT 1
  UNION (WITH innermost as (SELECT 2)
         SELECT * FROM innermost
         UNION SELECT 3)
)
SELECT * FROM outermost ORDER BY 1;

-- line: 1182
CREATE VIEW line_1182 AS
with
A as ( select q2 as id, (select q1) as x from int8_tbl ),
B as ( select id, row_number() over (partition by id) as r from A ),
C as ( select A.id, array(select B.id from B where B.id = A.id) from A )
select * from C;

-- line: 1303
CREATE RULE y_rule AS ON DELETE TO y_2 DO INSTEAD
  INSERT INTO y_2 VALUES(42) RETURNING *;

-- line: 1316
CREATE TABLE bug6051 AS
  select i from generate_series(1,3) as t(i) WITH NO DATA;

-- line: 1326
CREATE TABLE bug6051_2 (i int);

-- line: 1328
CREATE RULE bug6051_ins AS ON INSERT TO bug6051 DO INSTEAD
 INSERT INTO bug6051_2
 VALUES(NEW.i);

-- line: 1340
CREATE RULE bug6051_ins_2 AS ON INSERT TO bug6051 DO INSTEAD
 INSERT INTO bug6051_2
 SELECT NEW.i;

-- line: 1348
CREATE TABLE bug6051_3 AS
  SELECT a FROM generate_series(11,13) AS a WITH NO DATA;

-- line: 1351
CREATE RULE bug6051_3_ins AS ON INSERT TO bug6051_3 DO INSTEAD
  SELECT i FROM bug6051_2;

-- line: 1365
CREATE TABLE id_alw1 (i int GENERATED ALWAYS AS IDENTITY);

-- line: 1367
CREATE TABLE id_alw2 (i int GENERATED ALWAYS AS IDENTITY);

-- line: 1368
CREATE VIEW id_alw2_view AS SELECT * FROM id_alw2;

-- line: 1370
CREATE TABLE id_alw3 (i int GENERATED ALWAYS AS IDENTITY);

-- line: 1371
CREATE RULE id_alw3_ins AS ON INSERT TO id_alw3 DO INSTEAD
  WITH t1 AS (INSERT INTO id_alw1 DEFAULT VALUES RETURNING i)
    INSERT INTO id_alw2_view DEFAULT VALUES RETURNING i;

-- line: 1387
CREATE VIEW line_1387 AS
SELECT q1 FROM
(
  WITH t_cte AS (SELECT * FROM int8_tbl t)
  SELECT q1, (SELECT q2 FROM t_cte WHERE t_cte.q1 = i8.q1) AS t_sub
  FROM int8_tbl i8
) ss;

-- line: 1431, from: 14
CREATE PROCEDURE line_1431() LANGUAGE sql BEGIN ATOMIC
WITH t AS (
    DELETE FROM y_2
    WHERE a <= 10
    RETURNING *
)
INSERT INTO y_2 SELECT -a FROM t RETURNING *;
END;

-- line: 1449
CREATE TABLE withz AS SELECT i AS k, (i || ' v')::text v FROM generate_series(1, 16, 3) i WITH NO DATA;

-- line: 1450
ALTER TABLE withz ADD UNIQUE (k);

-- line: 1484, from: 14
CREATE PROCEDURE line_1484() LANGUAGE sql BEGIN ATOMIC
WITH aa AS (SELECT 'a' a, 'b' b UNION ALL SELECT 'a' a, 'b' b)
INSERT INTO withz VALUES(1, 'insert')
ON CONFLICT (k) DO UPDATE SET v = (SELECT b || ' update' FROM aa WHERE a = 'a' LIMIT 1);
END;

-- line: 1494, from: 14
CREATE PROCEDURE line_1494() LANGUAGE sql BEGIN ATOMIC
WITH simpletup AS (
  SELECT 2 k, 'Green' v),
upsert_cte AS (
  INSERT INTO withz VALUES(2, 'Blue') ON CONFLICT (k) DO
    UPDATE SET (k, v) = (SELECT k, v FROM simpletup WHERE simpletup.k = withz.k)
    RETURNING k, v)
INSERT INTO withz VALUES(2, 'Red') ON CONFLICT (k) DO
UPDATE SET (k, v) = (SELECT k, v FROM upsert_cte WHERE upsert_cte.k = withz.k)
RETURNING k, v;
END;

-- line: 1507
CREATE TABLE m AS SELECT i AS k, (i || ' v')::text v FROM generate_series(1, 16, 3) i WITH NO DATA;

-- line: 1508
ALTER TABLE m ADD UNIQUE (k);

-- line: 1546, from: 15
CREATE PROCEDURE line_1546() LANGUAGE sql BEGIN ATOMIC
WITH merge_source_cte AS MATERIALIZED (SELECT 15 a, 'merge_source_cte val' b)
MERGE INTO m USING (select * from merge_source_cte) o ON m.k=o.a
WHEN MATCHED THEN UPDATE SET v = (SELECT b || merge_source_cte.*::text || ' merge update' FROM merge_source_cte WHERE a = 15)
WHEN NOT MATCHED THEN INSERT VALUES(o.a, o.b || (SELECT merge_source_cte.*::text || ' merge insert' FROM merge_source_cte));
END;

-- line: 1661
CREATE TABLE parent ( id int, val text );

-- line: 1679, from: 14
CREATE PROCEDURE line_1679() LANGUAGE sql BEGIN ATOMIC
WITH rcte AS ( SELECT max(id) AS maxid FROM parent )
DELETE FROM parent USING rcte WHERE id = maxid;
END;

-- line: 1725
CREATE RULE y_rule_2 AS ON INSERT TO y_2 WHERE a=0 DO INSTEAD DELETE FROM y_2;

-- line: 1730
CREATE RULE y_rule_3 AS ON INSERT TO y_2 DO INSTEAD NOTHING;

-- line: 1735
CREATE RULE y_rule_4 AS ON INSERT TO y_2 DO INSTEAD NOTIFY foo;

-- line: 1740
CREATE RULE y_rule_5 AS ON INSERT TO y_2 DO ALSO NOTIFY foo;

-- line: 1745
CREATE RULE y_rule_6 AS ON INSERT TO y_2
  DO INSTEAD (NOTIFY foo; NOTIFY bar);

-- source: postgresql-18 18.6 src/test/regress/sql/limit.sql
CREATE SCHEMA of_limit; SET LOCAL search_path = of_limit, test_setup, create_misc;

-- line: 6
CREATE VIEW line_6 AS
SELECT ''::text AS two, unique1, unique2, stringu1
		FROM onek WHERE unique1 > 50
		ORDER BY unique1 LIMIT 2;

-- line: 27
CREATE VIEW line_27 AS
SELECT ''::text AS five, unique1, unique2, stringu1
		FROM onek
		ORDER BY unique1 OFFSET 990 LIMIT 5;

-- line: 120
CREATE VIEW line_120 AS
select unique1, unique2, generate_series(1,10)
  from tenk1 order by unique2 limit 7;

-- line: 187
CREATE VIEW limit_thousand_v_1 AS SELECT thousand FROM onek WHERE thousand < 995
		ORDER BY thousand FETCH FIRST 5 ROWS WITH TIES OFFSET 10;

-- line: 190
CREATE VIEW limit_thousand_v_2 AS SELECT thousand FROM onek WHERE thousand < 995
		ORDER BY thousand OFFSET 10 FETCH FIRST 5 ROWS ONLY;

-- line: 195
CREATE VIEW limit_thousand_v_3 AS SELECT thousand FROM onek WHERE thousand < 995
		ORDER BY thousand FETCH FIRST (NULL+1) ROWS WITH TIES;

-- line: 198
CREATE VIEW limit_thousand_v_4 AS SELECT thousand FROM onek WHERE thousand < 995
		ORDER BY thousand FETCH FIRST (5::bigint) ROWS WITH TIES;

-- line: 201
CREATE VIEW limit_thousand_v_5 AS SELECT thousand FROM onek WHERE thousand < 995
		ORDER BY thousand FETCH FIRST NULL ROWS ONLY;

-- source: postgresql-18 18.6 src/test/regress/sql/tablesample.sql
CREATE SCHEMA of_tablesample; SET LOCAL search_path = of_tablesample, test_setup, create_misc;

-- line: 1
CREATE TABLE test_tablesample (id int, name text) WITH (fillfactor=10);

-- line: 4, from: 14
CREATE PROCEDURE line_4() LANGUAGE sql BEGIN ATOMIC
INSERT INTO test_tablesample
  SELECT i, repeat(i::text, 200) FROM generate_series(0, 9) s(i);
END;

-- line: 7
CREATE VIEW line_7 AS
SELECT t.id FROM test_tablesample AS t TABLESAMPLE SYSTEM (50) REPEATABLE (0);

-- line: 15
CREATE VIEW line_15 AS
SELECT count(*) FROM test_tablesample TABLESAMPLE SYSTEM (100) REPEATABLE (1+2);

-- line: 18
CREATE VIEW test_tablesample_v1 AS
  SELECT id FROM test_tablesample TABLESAMPLE SYSTEM (10*2) REPEATABLE (2);

-- line: 20
CREATE VIEW test_tablesample_v2 AS
  SELECT id FROM test_tablesample TABLESAMPLE SYSTEM (99);

-- line: 65
CREATE VIEW line_65 AS
select * from
  (values (0),(100)) v(pct),
  lateral (select count(*) from tenk1 tablesample bernoulli (pct)) ss;

-- source: postgresql-18 18.6 src/test/regress/sql/functional_deps.sql
CREATE SCHEMA of_functional_deps; SET LOCAL search_path = of_functional_deps, test_setup, create_misc;

-- line: 3
CREATE TABLE articles (
    id int CONSTRAINT articles_pkey PRIMARY KEY,
    keywords text,
    title text UNIQUE NOT NULL,
    body text UNIQUE,
    created date
);

-- line: 11
CREATE TABLE articles_in_category (
    article_id int,
    category_id int,
    changed date,
    PRIMARY KEY (article_id, category_id)
);

-- line: 23
CREATE VIEW line_23 AS
SELECT id, keywords, title, body, created
FROM articles
GROUP BY id;

-- line: 59
CREATE VIEW line_59 AS
SELECT a.id, a.keywords, a.title, a.body, a.created
FROM articles AS a JOIN articles_in_category AS aic ON a.id = aic.article_id
WHERE aic.category_id in (14,62,70,53,138)
GROUP BY a.id;

-- line: 85
CREATE TABLE products (product_id int, name text, price numeric);

-- line: 86
CREATE TABLE sales (product_id int, units int);

-- line: 98
ALTER TABLE products ADD PRIMARY KEY (product_id);

-- line: 101
CREATE VIEW line_101 AS
SELECT product_id, p.name, (sum(s.units) * p.price) AS sales
    FROM products p LEFT JOIN sales s USING (product_id)
    GROUP BY product_id;

-- line: 108
CREATE TABLE node (
    nid SERIAL,
    vid integer NOT NULL default '0',
    type varchar(32) NOT NULL default '',
    title varchar(128) NOT NULL default '',
    uid integer NOT NULL default '0',
    status integer NOT NULL default '1',
    created integer NOT NULL default '0',
    PRIMARY KEY (nid, vid)
);

-- line: 120
CREATE TABLE users (
    uid integer NOT NULL default '0',
    name varchar(60) NOT NULL default '',
    pass varchar(32) NOT NULL default '',
    PRIMARY KEY (uid),
    UNIQUE (name)
);

-- line: 151
CREATE VIEW fdv1 AS
SELECT id, keywords, title, body, created
FROM articles
GROUP BY id;

-- line: 163
CREATE VIEW fdv2 AS
SELECT a.id, a.keywords, a.title, aic.category_id, aic.changed
FROM articles AS a JOIN articles_in_category AS aic ON a.id = aic.article_id
WHERE aic.category_id in (14,62,70,53,138)
GROUP BY a.id, aic.category_id, aic.article_id;

-- line: 177
CREATE VIEW fdv3 AS
SELECT id, keywords, title, body, created
FROM articles
GROUP BY id
UNION
SELECT id, keywords, title, body, created
FROM articles
GROUP BY id;

-- line: 191
CREATE VIEW fdv4 AS
SELECT * FROM articles WHERE title IN (SELECT title FROM articles GROUP BY id);

-- source: postgresql-18 18.6 src/test/regress/sql/equivclass.sql
CREATE SCHEMA of_equivclass; SET LOCAL search_path = of_equivclass, test_setup, create_misc;

-- line: 101
create table ec0 (ff int8 primary key, f1 int8, f2 int8);

-- line: 115
CREATE VIEW line_115 AS
select * from ec0 where ff = f1 and f1 = '42'::int8;

-- line: 259
CREATE VIEW line_259 AS
select * from tenk1 where unique1 = unique1 and unique2 = unique2;

-- line: 279
CREATE VIEW line_279 AS
select * from tenk1 where unique1 = unique1 or unique2 = unique2;

-- source: postgresql-18 18.6 src/test/regress/sql/memoize.sql
CREATE SCHEMA of_memoize; SET LOCAL search_path = of_memoize, test_setup, create_misc;

-- line: 7
create function explain_memoize(query text, hide_hitmiss bool) returns setof text
language plpgsql as
$$
declare
    ln text;
begin
    for ln in
        execute format('explain (analyze, costs off, summary off, timing off, buffers off) %s',
            query)
    loop
        if hide_hitmiss = true then
                ln := regexp_replace(ln, 'Hits: 0', 'Hits: Zero');
                ln := regexp_replace(ln, 'Hits: \d+', 'Hits: N');
                ln := regexp_replace(ln, 'Misses: 0', 'Misses: Zero');
                ln := regexp_replace(ln, 'Misses: \d+', 'Misses: N');
        end if;
        ln := regexp_replace(ln, 'Evictions: 0', 'Evictions: Zero');
        ln := regexp_replace(ln, 'Evictions: \d+', 'Evictions: N');
        ln := regexp_replace(ln, 'Memory Usage: \d+', 'Memory Usage: N');
        ln := regexp_replace(ln, 'Heap Fetches: \d+', 'Heap Fetches: N');
        ln := regexp_replace(ln, 'loops=\d+', 'loops=N');
        ln := regexp_replace(ln, 'Index Searches: \d+', 'Index Searches: N');
        return next ln;
    end loop;
end;
$$;

-- line: 38
CREATE VIEW line_38 AS
SELECT explain_memoize('
SELECT COUNT(*),AVG(t1.unique1) FROM tenk1 t1
INNER JOIN tenk1 t2 ON t1.unique1 = t2.twenty
WHERE t2.unique1 < 1000;', false);

-- line: 56
CREATE VIEW line_56 AS
SELECT COUNT(*),AVG(t2.unique1) FROM tenk1 t1,
LATERAL (SELECT t2.unique1 FROM tenk1 t2
         WHERE t1.twenty = t2.unique1 OFFSET 0) t2
WHERE t1.unique1 < 1000;

-- line: 97
CREATE VIEW line_97 AS
SELECT COUNT(*), AVG(t1.twenty) FROM tenk1 t1 LEFT JOIN
LATERAL (SELECT t1.twenty AS c1, t2.unique1 AS c2, t2.two FROM tenk1 t2) s
ON t1.two = s.two
WHERE s.c1 = s.c2 AND t1.unique1 < 1000;

-- line: 105
CREATE TABLE expr_key (x numeric, t text);

-- line: 106, from: 14
CREATE PROCEDURE line_106() LANGUAGE sql BEGIN ATOMIC
INSERT INTO expr_key (x, t)
SELECT d1::numeric, d1::text FROM (
    SELECT round((d / pi())::numeric, 7) AS d1 FROM generate_series(1, 20) AS d
) t;
END;

-- line: 112, from: 14
CREATE PROCEDURE line_112() LANGUAGE sql BEGIN ATOMIC
INSERT INTO expr_key SELECT * FROM expr_key;
END;

-- source: postgresql-18 18.6 src/test/regress/sql/json.sql
CREATE SCHEMA of_json; SET LOCAL search_path = of_json, test_setup, create_misc;

-- line: 2
CREATE VIEW line_2 AS
SELECT '""'::json;

-- line: 368
CREATE VIEW line_368 AS
select '{"f2":{"f3":1},"f4":{"f5":99,"f6":"stringy"}}'::json#>>array['f2'];

-- line: 426
CREATE DOMAIN js_int_array_1d  AS int[]   CHECK(array_length(VALUE, 1) = 3);

-- line: 427
CREATE DOMAIN js_int_array_2d  AS int[][] CHECK(array_length(VALUE, 2) = 3);

-- line: 429
create type j_unordered_pair as (x int, y int);

-- line: 430
create domain j_ordered_pair as j_unordered_pair check((value).x <= (value).y);

-- line: 614
CREATE TABLE jspoptest (js json);

-- line: 616, from: 14
CREATE PROCEDURE line_616() LANGUAGE sql BEGIN ATOMIC
INSERT INTO jspoptest
SELECT '{
	"jsa": [1, "2", null, 4],
	"rec": {"a": "abc", "c": "01.02.2003", "x": 43.2},
	"reca": [{"a": "abc", "b": 456}, null, {"c": "01.02.2003", "x": 43.2}]
}'::json
FROM generate_series(1, 3);
END;

-- line: 652
CREATE VIEW line_652 AS
SELECT json_build_array('a', NULL);

-- source: postgresql-18 18.6 src/test/regress/sql/jsonb.sql
CREATE SCHEMA of_jsonb; SET LOCAL search_path = of_jsonb, test_setup, create_misc;

-- line: 4
CREATE TABLE testjsonb (
       j jsonb
);

-- line: 12
CREATE VIEW line_12 AS
SELECT '""'::jsonb;

-- line: 305
CREATE VIEW line_305 AS
SELECT count(*) from testjsonb  WHERE j->'array' ? 'bar';

-- line: 375
CREATE VIEW line_375 AS
SELECT jsonb_build_object(VARIADIC NULL::text[]);

-- line: 405
CREATE TABLE foo (serial_num int, name text, type text);

-- line: 481
CREATE VIEW line_481 AS
SELECT jsonb_extract_path('{"f2":{"f3":1},"f4":{"f5":null,"f6":"stringy"}}','f4','f5') IS NULL AS expect_false;

-- line: 536
CREATE VIEW line_536 AS
select '"foo"'::jsonb #>> array['z'];

-- line: 553
create type jb_unordered_pair as (x int, y int);

-- line: 554
create domain jb_ordered_pair as jb_unordered_pair check((value).x <= (value).y);

-- line: 707
create domain jsb_i_gt_1 as int check (value > 1);

-- line: 724
CREATE VIEW line_724 AS
SELECT * FROM
  jsonb_populate_record(null::record, '{"x": 776}') AS (x int, y int);

-- line: 805
CREATE TABLE jsbpoptest (js jsonb);

-- line: 807, from: 14
CREATE PROCEDURE line_807() LANGUAGE sql BEGIN ATOMIC
INSERT INTO jsbpoptest
SELECT '{
	"jsa": [1, "2", null, 4],
	"rec": {"a": "abc", "c": "01.02.2003", "x": 43.2},
	"reca": [{"a": "abc", "b": 456}, null, {"c": "01.02.2003", "x": 43.2}]
}'::jsonb
FROM generate_series(1, 3);
END;

-- line: 906
CREATE INDEX jidx_array ON testjsonb USING gin((j->'array'));

-- line: 916
CREATE VIEW line_916 AS
SELECT count(*) FROM (SELECT (jsonb_each(j)).key FROM testjsonb) AS wow;

-- line: 1279
CREATE VIEW line_1279 AS
select jsonb_insert('{"a": [0,1,2]}', '{a, 1}', '"new_value"', true);

-- line: 1489
CREATE table test_jsonb_subscript_2 (
       id text,
       test_json jsonb
);

-- line: 1495, from: 14
CREATE PROCEDURE line_1495() LANGUAGE sql BEGIN ATOMIC
insert into test_jsonb_subscript_2
  select s, ('{"' || s || '": "bar"}')::jsonb from repeat('xyzzy', 500) s;
END;

-- source: postgresql-18 18.6 src/test/regress/sql/jsonpath.sql
CREATE SCHEMA of_jsonpath; SET LOCAL search_path = of_jsonpath, test_setup, create_misc;

-- line: 4
CREATE VIEW line_4 AS
select '$'::jsonpath;

-- source: postgresql-18 18.6 src/test/regress/sql/jsonb_jsonpath.sql
CREATE SCHEMA of_jsonb_jsonpath; SET LOCAL search_path = of_jsonb_jsonpath, test_setup, create_misc;

-- line: 21
CREATE VIEW line_21 AS
select jsonb_path_query('[1]', 'strict $[1]');

-- line: 249
CREATE VIEW line_249 AS
select jsonb_path_query('[1,2,3,{"b": [3,4,5]}]', 'strict $.*', NULL, true);

-- line: 1103
CREATE VIEW line_1103 AS
SELECT jsonb_path_query_array('[{"a": 1}, {"a": 2}, {"a": 3}, {"a": 5}]', '$[*].a ? (@ > $min && @ < $max)', vars => '{"min": 1, "max": 4}');

-- source: postgresql-18 18.6 src/test/regress/sql/sqljson.sql
CREATE SCHEMA of_sqljson; SET LOCAL search_path = of_sqljson, test_setup, create_misc;

-- line: 3
CREATE VIEW line_3 AS
SELECT JSON(NULL);

-- line: 21, from: 17
CREATE VIEW line_21 AS
SELECT JSON('123'::bytea FORMAT JSON);

-- line: 49, from: 17
CREATE VIEW line_49 AS
SELECT JSON_SERIALIZE(NULL);

-- line: 68, from: 16
CREATE VIEW line_68 AS
SELECT JSON_OBJECT(RETURNING json FORMAT JSON);

-- line: 83, from: 16
CREATE VIEW line_83 AS
SELECT JSON_OBJECT('foo': NULL::json FORMAT JSON);

-- line: 103, from: 16
CREATE VIEW line_103 AS
SELECT JSON_OBJECT(json '[1]': 123);

-- line: 134, from: 16
CREATE VIEW line_134 AS
SELECT JSON_OBJECT('a': JSON_OBJECT('b': 1 RETURNING bytea));

-- line: 146, from: 16
CREATE VIEW line_146 AS
SELECT JSON_OBJECT(1: 1, '1': NULL ABSENT ON NULL WITH UNIQUE RETURNING jsonb);

-- line: 169, from: 16
CREATE VIEW line_169 AS
SELECT JSON_ARRAY(RETURNING json);

-- line: 179, from: 16
CREATE VIEW line_179 AS
SELECT JSON_ARRAY(RETURNING bytea FORMAT JSON ENCODING UTF8);

-- line: 193, from: 16
CREATE VIEW line_193 AS
SELECT JSON_ARRAY(JSON_ARRAY('{ "a" : 123 }' FORMAT JSON RETURNING text));

-- line: 214, from: 16
CREATE VIEW line_214 (c1, c2) AS
SELECT	JSON_ARRAYAGG(i),
		JSON_ARRAYAGG(i RETURNING jsonb)
FROM generate_series(1, 5) i;

-- line: 257, from: 16
CREATE VIEW line_257 (c1, c2) AS
SELECT	JSON_OBJECTAGG('key': 1) IS NULL,
		JSON_OBJECTAGG('key': 1 RETURNING jsonb) IS NULL
WHERE FALSE;

-- line: 292, from: 16
CREATE VIEW line_292 AS
SELECT JSON_OBJECTAGG(k: v WITH UNIQUE KEYS RETURNING jsonb)
FROM (VALUES (1, 1), (1, NULL), (2, 2)) foo(k, v);

-- line: 308, from: 16
CREATE VIEW json_object_view AS
SELECT JSON_OBJECT('foo' : '1' FORMAT JSON, 'bar' : 'baz' RETURNING json);

-- line: 321, from: 16
CREATE VIEW line_321 AS
SELECT to_json(a) AS a, JSON_OBJECTAGG(k : v ABSENT ON NULL WITH UNIQUE KEYS)
   OVER (ORDER BY k)
FROM (VALUES (1,1), (1,null), (2,2)) a(k,v);

-- line: 337, from: 16
CREATE VIEW json_array_view AS
SELECT JSON_ARRAY('1' FORMAT JSON, 2 RETURNING json);

-- line: 353, from: 16
CREATE VIEW json_objectagg_view AS
SELECT JSON_OBJECTAGG(i: ('111' || i)::bytea FORMAT JSON WITH UNIQUE RETURNING text) FILTER (WHERE i > 3)
FROM generate_series(1,5) i;

-- line: 370, from: 16
CREATE VIEW json_arrayagg_view AS
SELECT JSON_ARRAYAGG(('111' || i)::bytea FORMAT JSON NULL ON NULL RETURNING text) FILTER (WHERE i > 3)
FROM generate_series(1,5) i;

-- line: 379, from: 16
CREATE VIEW line_379 AS
SELECT JSON_ARRAY(SELECT i FROM (VALUES (1), (2), (NULL), (4)) foo(i) RETURNING jsonb);

-- line: 382, from: 16
CREATE VIEW json_array_subquery_view AS
SELECT JSON_ARRAY(SELECT i FROM (VALUES (1), (2), (NULL), (4)) foo(i) RETURNING jsonb);

-- line: 424
CREATE TABLE test_is_json (js text);

-- line: 457, from: 16
CREATE VIEW line_457 AS
SELECT
	js,
	js IS JSON "IS JSON",
	js IS NOT JSON "IS NOT JSON",
	js IS JSON VALUE "IS VALUE",
	js IS JSON OBJECT "IS OBJECT",
	js IS JSON ARRAY "IS ARRAY",
	js IS JSON SCALAR "IS SCALAR",
	js IS JSON WITHOUT UNIQUE KEYS "WITHOUT UNIQUE",
	js IS JSON WITH UNIQUE KEYS "WITH UNIQUE"
FROM
	(SELECT js::json FROM test_is_json WHERE js IS JSON) foo(js);

-- line: 500, from: 16
CREATE VIEW is_json_view AS
SELECT '1' IS JSON AS "any", ('1' || i) IS JSON SCALAR AS "scalar", '[]' IS NOT JSON ARRAY AS "array", '{}' IS JSON OBJECT WITH UNIQUE AS "object" FROM generate_series(1, 3) i;

-- line: 512, from: 16
CREATE VIEW line_512 AS
SELECT JSON_OBJECTAGG(i: ('111' || i)::bytea FORMAT JSON WITH UNIQUE RETURNING varchar(2)) FROM generate_series(1, 1) i;

-- line: 515
CREATE DOMAIN sqljson_char2 AS char(2) CHECK (VALUE NOT IN ('12'));

-- source: postgresql-18 18.6 src/test/regress/sql/sqljson_queryfuncs.sql
CREATE SCHEMA of_sqljson_queryfuncs; SET LOCAL search_path = of_sqljson_queryfuncs, test_setup, create_misc;

-- line: 2, from: 17
CREATE VIEW line_2 AS
SELECT JSON_EXISTS(NULL::jsonb, '$');

-- line: 51, from: 17
CREATE VIEW line_51 AS
SELECT JSON_VALUE(jsonb '"1.23"', '$' RETURNING int ERROR ON ERROR);

-- line: 73
CREATE DOMAIN sqljsonb_int_not_null AS int NOT NULL;

-- line: 79
CREATE TYPE rainbow AS ENUM ('red', 'orange', 'yellow', 'green', 'blue', 'purple');

-- line: 80
CREATE DOMAIN rgb AS rainbow CHECK (VALUE IN ('red', 'green', 'blue'));

-- line: 82, from: 17
CREATE VIEW line_82 AS
SELECT JSON_VALUE('"purple"'::jsonb, 'lax $[*]' RETURNING rgb ERROR ON ERROR);

-- line: 113, from: 17
CREATE VIEW line_113 AS
SELECT JSON_VALUE(jsonb '{}', '$.a' RETURNING bit(3) DEFAULT b'10101' ON EMPTY);

-- line: 145, from: 17
CREATE VIEW line_145 AS
SELECT JSON_VALUE(jsonb 'null', '$ts' PASSING timestamptz '2018-02-21 12:34:56 +10' AS ts RETURNING json);

-- line: 202, from: 17
CREATE VIEW line_202 AS
SELECT JSON_QUERY(jsonb '"aaa"', '$' RETURNING char(3));

-- line: 224, from: 17
CREATE VIEW line_224 AS
SELECT JSON_QUERY(jsonb'{"rec": "[1,2]"}', '$.rec' 	returning int4range keep quotes error on error);

-- line: 243, from: 17
CREATE VIEW line_243 AS
SELECT JSON_QUERY(jsonb '[]', '$[*]' ERROR ON ERROR);

-- line: 261, from: 17
CREATE VIEW line_261 AS
SELECT JSON_QUERY(jsonb '[1,2]', '$[*]' RETURNING jsonb EMPTY OBJECT ON ERROR);

-- line: 294
CREATE TYPE comp_abc AS (a text, b int, c timestamp);

-- line: 296, from: 17
CREATE VIEW line_296 AS
SELECT JSON_QUERY(jsonb'{"rec": "(abc,42,01.02.2003)"}', '$.rec' returning comp_abc keep quotes);

-- line: 322, from: 17
CREATE VIEW line_322 AS
SELECT JSON_QUERY(jsonb '{"a": 1}', '$.b' RETURNING sqljsonb_int_not_null ERROR ON EMPTY ERROR ON ERROR);

-- line: 331, from: 17
CREATE TABLE test_jsonb_constraints (
	js text,
	i int,
	x jsonb DEFAULT JSON_QUERY(jsonb '[1,2]', '$[*]' WITH WRAPPER)
	CONSTRAINT test_jsonb_constraint1
		CHECK (js IS JSON)
	CONSTRAINT test_jsonb_constraint2
		CHECK (JSON_EXISTS(js::jsonb, '$.a' PASSING i + 5 AS int, i::text AS "TXT", array[1,2,3] as arr))
	CONSTRAINT test_jsonb_constraint3
		CHECK (JSON_VALUE(js::jsonb, '$.a' RETURNING int DEFAULT '12' ON EMPTY ERROR ON ERROR) > i)
	CONSTRAINT test_jsonb_constraint4
		CHECK (JSON_QUERY(js::jsonb, '$.a' WITH CONDITIONAL WRAPPER EMPTY OBJECT ON ERROR) = jsonb '[10]')
	CONSTRAINT test_jsonb_constraint5
		CHECK (JSON_QUERY(js::jsonb, '$.a' RETURNING char(5) OMIT QUOTES EMPTY ARRAY ON EMPTY) >  'a' COLLATE "C")
);

-- line: 369
CREATE TABLE test_jsonb_mutability(js jsonb, b int);

-- line: 370, from: 17
CREATE INDEX ON test_jsonb_mutability (JSON_QUERY(js, '$'));

-- line: 402, from: 17
CREATE INDEX ON test_jsonb_mutability (JSON_QUERY(js, '$.datetime("HH:MI TZH") < $x' PASSING '12:34'::timetz AS x));

-- line: 405, from: 17
CREATE INDEX ON test_jsonb_mutability (JSON_QUERY(js, '$.datetime() < $x' PASSING '1234'::int AS x));

-- line: 407, from: 17
CREATE INDEX ON test_jsonb_mutability (JSON_QUERY(js, '$.datetime("YY-MM-DD") ? (@ == $x)' PASSING '2020-07-14'::date AS x));

-- line: 410, from: 17
CREATE INDEX ON test_jsonb_mutability (JSON_QUERY(js, '$[1, $.a ? (@.datetime("HH:MI") == $x)]' PASSING '12:34'::time AS x));

-- line: 428
CREATE DOMAIN queryfuncs_test_domain AS text CHECK (value <> 'foo');

-- line: 470
CREATE TABLE jsonpaths (path) AS SELECT '$' WITH NO DATA;

-- line: 471, from: 17
CREATE VIEW line_471 AS
SELECT json_value('"aaa"', path RETURNING json) FROM jsonpaths;

-- line: 490
CREATE DOMAIN queryfuncs_char2_chk AS char(2) CHECK (VALUE NOT IN ('12'));

-- line: 504
CREATE DOMAIN queryfuncs_d_varbit3 AS varbit(3) CHECK (VALUE <> '01');

-- source: postgresql-18 18.6 src/test/regress/sql/sqljson_jsontable.sql
CREATE SCHEMA of_sqljson_jsontable; SET LOCAL search_path = of_sqljson_jsontable, test_setup, create_misc;

-- line: 9, from: 17
CREATE VIEW line_9 AS
SELECT * FROM JSON_TABLE('[]', 'strict $.a' COLUMNS (js2 int PATH '$') EMPTY ON ERROR);

-- line: 29, from: 17
CREATE VIEW line_29 AS
SELECT * FROM JSON_TABLE(NULL::jsonb, '$' COLUMNS (foo int)) bar;

-- line: 37
CREATE DOMAIN jsonb_test_domain AS text CHECK (value <> 'foo');

-- line: 38
CREATE TABLE json_table_test (js) AS
	(VALUES
		('1'),
		('[]'),
		('{}'),
		('[1, 1.23, "2", "aaaaaaa", "foo", null, false, true, {"aaa": 123}, "[1,2]", "\"str\""]')
	) WITH NO DATA;

-- line: 67, from: 17
CREATE VIEW line_67 AS
SELECT *
FROM json_table_test vals
	LEFT OUTER JOIN
	JSON_TABLE(
		vals.js::jsonb, 'lax $[*]'
		COLUMNS (
			id FOR ORDINALITY,
			jst text    FORMAT JSON  PATH '$',
			jsc char(4) FORMAT JSON  PATH '$',
			jsv varchar(4) FORMAT JSON  PATH '$',
			jsb jsonb FORMAT JSON PATH '$',
			jsbq jsonb FORMAT JSON PATH '$' OMIT QUOTES
		)
	) jt
	ON true;

-- line: 120, from: 17
CREATE VIEW line_120 AS
SELECT * FROM JSON_TABLE(jsonb '{"d1": "H"}', '$'
    COLUMNS (js1 jsonb_test_domain PATH '$.a2' DEFAULT '"foo1"'::jsonb::text ON EMPTY));

-- line: 137, from: 17
CREATE VIEW line_137 AS
SELECT * FROM JSON_TABLE(jsonb '{}', '$'
    COLUMNS (c numeric(4,1) PATH '$.x' DEFAULT 99999.999 ON EMPTY));

-- line: 146, from: 17
CREATE VIEW jsonb_table_view2 AS
SELECT * FROM
	JSON_TABLE(
		jsonb 'null', 'lax $[*]' PASSING 1 + 2 AS a, json '"foo"' AS "b c"
		COLUMNS (
			"int" int PATH '$',
			"text" text PATH '$',
			"char(4)" char(4) PATH '$',
			"bool" bool PATH '$',
			"numeric" numeric PATH '$',
			"domain" jsonb_test_domain PATH '$'));

-- line: 158, from: 17
CREATE VIEW jsonb_table_view3 AS
SELECT * FROM
	JSON_TABLE(
		jsonb 'null', 'lax $[*]' PASSING 1 + 2 AS a, json '"foo"' AS "b c"
		COLUMNS (
			js json PATH '$',
			jb jsonb PATH '$',
			jst text    FORMAT JSON  PATH '$',
			jsc char(4) FORMAT JSON  PATH '$',
			jsv varchar(4) FORMAT JSON  PATH '$'));

-- line: 169, from: 17
CREATE VIEW jsonb_table_view4 AS
SELECT * FROM
	JSON_TABLE(
		jsonb 'null', 'lax $[*]' PASSING 1 + 2 AS a, json '"foo"' AS "b c"
		COLUMNS (
            jsb jsonb   FORMAT JSON PATH '$',
            jsbq jsonb FORMAT JSON PATH '$' OMIT QUOTES,
            aaa int,
            aaa1 int PATH '$.aaa'));

-- line: 179, from: 17
CREATE VIEW jsonb_table_view5 AS
SELECT * FROM
	JSON_TABLE(
		jsonb 'null', 'lax $[*]' PASSING 1 + 2 AS a, json '"foo"' AS "b c"
		COLUMNS (
			exists1 bool EXISTS PATH '$.aaa',
			exists2 int EXISTS PATH '$.aaa' TRUE ON ERROR,
			exists3 text EXISTS PATH 'strict $.aaa' UNKNOWN ON ERROR));

-- line: 188, from: 17
CREATE VIEW jsonb_table_view6 AS
SELECT * FROM
	JSON_TABLE(
		jsonb 'null', 'lax $[*]' PASSING 1 + 2 AS a, json '"foo"' AS "b c"
		COLUMNS (
			js2 json PATH '$',
			jsb2w jsonb PATH '$' WITH WRAPPER,
			jsb2q jsonb PATH '$' OMIT QUOTES,
			ia int[] PATH '$',
			ta text[] PATH '$',
			jba jsonb[] PATH '$'));

-- line: 213, from: 17
CREATE VIEW line_213 AS
SELECT * FROM
	JSON_TABLE(
		jsonb 'null', 'lax $[*]' PASSING 1 + 2 AS a, json '"foo"' AS "b c"
		COLUMNS (
			id FOR ORDINALITY,
			"int" int PATH '$',
			"text" text PATH '$'
	)) json_table_func;

-- line: 265, from: 17
CREATE VIEW line_265 AS
SELECT * FROM JSON_TABLE(jsonb '1', '$' COLUMNS (a int PATH '$.a' ERROR ON EMPTY)) jt;

-- line: 269, from: 17
CREATE VIEW line_269 AS
SELECT * FROM JSON_TABLE(jsonb '"a"', '$' COLUMNS (a int PATH '$'   DEFAULT 1 ON EMPTY DEFAULT 2 ON ERROR)) jt;

-- line: 278, from: 17
CREATE VIEW line_278 AS
SELECT * FROM JSON_TABLE(jsonb '"a"', '$' COLUMNS (a float4 EXISTS PATH '$.a'));

-- line: 284, from: 17
CREATE VIEW line_284 AS
SELECT * FROM JSON_TABLE(jsonb '"a"', '$' COLUMNS (a jsonb EXISTS PATH '$.a'));

-- line: 288
CREATE DOMAIN dint4_0 AS int CHECK (VALUE <> 0 );

-- line: 291, from: 17
CREATE VIEW line_291 (c1, c2) AS
SELECT a, a::bool FROM JSON_TABLE(jsonb '{"a":1}', '$' COLUMNS (a dint4_0 EXISTS PATH '$.b' ERROR ON ERROR));

-- line: 298, from: 17
CREATE VIEW line_298 AS
SELECT * FROM JSON_TABLE(jsonb '"world"', '$' COLUMNS (item text PATH '$' OMIT QUOTES ON SCALAR STRING));

-- line: 301, from: 17
CREATE VIEW line_301 AS
SELECT * FROM JSON_TABLE(jsonb '"world"', '$' COLUMNS (item text FORMAT JSON PATH '$' WITHOUT WRAPPER KEEP QUOTES));

-- line: 312, from: 17
CREATE VIEW line_312 AS
SELECT *
FROM JSON_TABLE(
	jsonb '[1,2,3]',
	'$[*] ? (@ < $x)'
		PASSING 3 AS x
		COLUMNS (y text FORMAT JSON PATH '$')
	) jt;

-- line: 349, from: 17
CREATE VIEW line_349 AS
SELECT * FROM JSON_TABLE(
	jsonb '[]', '$' AS a
	COLUMNS (
		b int,
		NESTED PATH '$' AS n_a
		COLUMNS (
			c int
		)
	)
) jt;

-- line: 438, from: 17
CREATE VIEW jsonb_table_view_nested AS
SELECT * FROM
	JSON_TABLE(
		jsonb 'null', 'lax $[*]' PASSING 1 + 2 AS a, json '"foo"' AS "b c"
		COLUMNS (
			id FOR ORDINALITY,
			NESTED PATH '$[1]' AS p1 COLUMNS (
				a1 int,
				NESTED PATH '$[*]' AS "p1 1" COLUMNS (
					a11 text
				),
				b1 text
			),
			NESTED PATH '$[2]' AS p2 COLUMNS (
				NESTED PATH '$[*]' AS "p2:1" COLUMNS (
					a21 text
				),
				NESTED PATH '$[*]' AS p22 COLUMNS (
					a22 text
				)
			)
		)
	);

-- line: 465
CREATE TABLE s (js jsonb);

-- line: 478, from: 17
CREATE VIEW line_478 AS
SELECT sub.* FROM s,
	(VALUES (23)) x(x), generate_series(13, 13) y,
	JSON_TABLE(js, '$' AS c1 PASSING x AS x, y AS y COLUMNS (
		NESTED PATH '$.a.za[2]' COLUMNS (
			NESTED PATH '$.z22[*]' as z22 COLUMNS (c int PATH '$')),
			NESTED PATH '$.a.za[1]' columns (d int[] PATH '$.z21'),
			NESTED PATH '$.a.za[0]' columns (NESTED PATH '$.z1[*]' as z1 COLUMNS (a int PATH  '$')),
			xx1 int PATH '$.c',
			NESTED PATH '$.a.za[1]'  columns (NESTED PATH '$.z21[*]' as z21 COLUMNS (b int PATH '$')),
			xx int PATH '$.c'
	)) sub;

-- line: 528, from: 17
CREATE VIEW jsonb_table_view7 AS
SELECT sub.* FROM s,
	(values(23)) x(x),
	generate_series(13, 13) y,
	JSON_TABLE(js, '$' AS c1 PASSING x AS x, y AS y
	COLUMNS (
		xx1 int PATH '$.c',
		NESTED PATH '$.a.za[2]' COLUMNS (NESTED PATH '$.z22[*]' as z22 COLUMNS (c int PATH '$' WITHOUT WRAPPER OMIT QUOTES)),
		NESTED PATH '$.a.za[1]' COLUMNS (d json PATH '$ ? (@.z21[*] == ($"x" -1))' WITH WRAPPER),
		NESTED PATH '$.a.za[0]' COLUMNS (NESTED PATH '$.z1[*] ? (@ >= ($"x" -2))' as z1 COLUMNS (a int PATH '$' KEEP QUOTES)),
		NESTED PATH '$.a.za[1]' COLUMNS
			(NESTED PATH '$.z21[*] ? (@ >= ($"y" +121))' as z21 COLUMNS (b int PATH '$ ? (@ > ($"x" +111))' DEFAULT 0 ON EMPTY))
	)) sub;

-- line: 557, from: 17
CREATE VIEW json_table_view8 AS SELECT * from JSON_TABLE('"a"', '$' COLUMNS (a text PATH '$'));

-- line: 560, from: 17
CREATE VIEW json_table_view9 AS SELECT * from JSON_TABLE('"a"', '$' COLUMNS (a text PATH '$') ERROR ON ERROR);

-- line: 566, from: 17
CREATE VIEW json_table_view8_2 AS SELECT * from JSON_TABLE('"a"', '$' COLUMNS (a text PATH '$') EMPTY ON ERROR);

-- source: postgresql-18 18.6 src/test/regress/sql/xml.sql
CREATE SCHEMA of_xml; SET LOCAL search_path = of_xml, test_setup, create_misc;

-- line: 1
CREATE TABLE xmltest (
    id int,
    data xml
);

-- line: 12
CREATE VIEW line_12 AS
SELECT count(*) = 0 AS skip_test FROM xmltest;

-- line: 41
CREATE VIEW line_41 AS
SELECT xmlconcat('<foo/>', NULL, '<?xml version="1.1" standalone="no"?><bar/>');

-- line: 60
CREATE VIEW line_60 AS
SELECT xmlelement(name num, 37);

-- line: 71
CREATE VIEW line_71 AS
SELECT xmlelement(name foo, xmlattributes(true as bar));

-- line: 99
CREATE VIEW line_99 AS
SELECT xmlpi(name foo);

-- line: 121
CREATE VIEW line_121 AS
SELECT xmlroot (
  xmlelement (
    name gazonk,
    xmlattributes (
      'val' AS name,
      1 + 1 AS num
    ),
    xmlelement (
      NAME qux,
      'foo'
    )
  ),
  version '1.0',
  standalone yes
);

-- line: 144, from: 16
CREATE VIEW line_144 AS
SELECT xmlserialize(CONTENT  '<foo><bar><val x="y">42</val></bar></foo>' AS text INDENT);

-- line: 184
CREATE VIEW line_184 AS
SELECT xml '<abc/>' IS NOT DOCUMENT;

-- line: 220
CREATE VIEW xmlview1 AS SELECT xmlcomment('test');

-- line: 221
CREATE VIEW xmlview2 AS SELECT xmlconcat('hello', 'you');

-- line: 222
CREATE VIEW xmlview3 AS SELECT xmlelement(name element, xmlattributes (1 as ":one:", 'deuce' as two), 'content&');

-- line: 223
CREATE VIEW xmlview4 AS SELECT xmlelement(name employee, xmlforest(name, age, salary as pay)) FROM emp;

-- line: 224
CREATE VIEW xmlview5 AS SELECT xmlparse(content '<abc>x</abc>');

-- line: 225
CREATE VIEW xmlview6 AS SELECT xmlpi(name foo, 'bar');

-- line: 226
CREATE VIEW xmlview7 AS SELECT xmlroot(xml '<foo/>', version no value, standalone yes);

-- line: 227
CREATE VIEW xmlview8 AS SELECT xmlserialize(content 'good' as char(10));

-- line: 228
CREATE VIEW xmlview9 AS SELECT xmlserialize(content 'good' as text);

-- line: 229, from: 16
CREATE VIEW xmlview10 AS SELECT xmlserialize(document '<foo><bar>42</bar></foo>' AS text indent);

-- line: 230, from: 16
CREATE VIEW xmlview11 AS SELECT xmlserialize(document '<foo><bar>42</bar></foo>' AS character varying no indent);

-- line: 237
CREATE VIEW line_237 AS
SELECT xpath('/value', data) FROM xmltest;

-- line: 243
CREATE VIEW line_243 AS
SELECT xpath('//loc:piece', '<local:data xmlns:local="http://127.0.0.1" xmlns="http://127.0.0.2"><local:piece id="1"><internal>number one</internal><internal2/></local:piece><local:piece id="2" /></local:data>', ARRAY[ARRAY['loc', 'http://127.0.0.1']]);

-- line: 313
CREATE VIEW line_313 AS
SELECT COUNT(id) FROM xmltest WHERE xpath_exists('/myns:menu/myns:beer',data,ARRAY[ARRAY['myns','http://myns.com']]);

-- line: 325
CREATE VIEW line_325 AS
SELECT xml_is_well_formed_content('<foo>bar</foo>');

-- line: 375
CREATE TABLE xmldata(data xml);

-- line: 423
CREATE VIEW xmltableview1 AS SELECT  xmltable.*
   FROM (SELECT data FROM xmldata) x,
        LATERAL XMLTABLE('/ROWS/ROW'
                         PASSING data
                         COLUMNS id int PATH '@id',
                                  _id FOR ORDINALITY,
                                  country_name text PATH 'COUNTRY_NAME/text()' NOT NULL,
                                  country_id text PATH 'COUNTRY_ID',
                                  region_id int PATH 'REGION_ID',
                                  size float PATH 'SIZE',
                                  unit text PATH 'SIZE/@unit',
                                  premier_name text PATH 'PREMIER_NAME' DEFAULT 'not specified');

-- line: 454
CREATE VIEW xmltableview2 AS SELECT * FROM XMLTABLE(XMLNAMESPACES('http://x.y' AS "Zz"),
                      '/Zz:rows/Zz:row'
                      PASSING '<rows xmlns="http://x.y"><row><a>10</a></row></rows>'
                      COLUMNS a int PATH 'Zz:a');

-- line: 489
CREATE VIEW line_489 AS
SELECT xmltable.* FROM xmldata, LATERAL xmltable('/ROWS/ROW[COUNTRY_NAME="Japan" or COUNTRY_NAME="India"]' PASSING data COLUMNS "COUNTRY_NAME" text, "REGION_ID" int);

-- line: 494
CREATE VIEW line_494 AS
SELECT xmltable.* FROM xmldata, LATERAL xmltable('/ROWS/ROW[COUNTRY_NAME="Japan" or COUNTRY_NAME="India"]' PASSING data COLUMNS id int PATH '@id', "COUNTRY_NAME" text, "REGION_ID" int, rawdata xml PATH '.');

-- line: 575
CREATE VIEW line_575 AS
SELECT  xmltable.*
   FROM (SELECT data FROM xmldata) x,
        LATERAL XMLTABLE('/ROWS/ROW'
                         PASSING data
                         COLUMNS id int PATH '@id',
                                  _id FOR ORDINALITY,
                                  country_name text PATH 'COUNTRY_NAME' NOT NULL,
                                  country_id text PATH 'COUNTRY_ID',
                                  region_id int PATH 'REGION_ID',
                                  size float PATH 'SIZE',
                                  unit text PATH 'SIZE/@unit',
                                  premier_name text PATH 'PREMIER_NAME' DEFAULT 'not specified')
  WHERE region_id = 2;

-- line: 677
CREATE VIEW line_677 AS
SELECT * FROM XMLTABLE('*' PASSING '<a>a</a>' COLUMNS a xml PATH '.', b text PATH '.', c text PATH '"hi"', d boolean PATH '. = "a"', e integer PATH 'string-length(.)');

-- source: postgresql-18 18.6 src/test/regress/sql/xmlmap.sql
CREATE SCHEMA of_xmlmap; SET LOCAL search_path = of_xmlmap, test_setup, create_misc, of_xml;

-- line: 3
CREATE TABLE test1 (a int, b text);

-- line: 16
CREATE VIEW line_16 AS
SELECT table_to_xml('test1', false, false, '');

-- line: 34
CREATE VIEW line_34 AS
SELECT query_to_xmlschema('SELECT * FROM test1', false, false, '');

-- line: 44
CREATE VIEW line_44 AS
SELECT schema_to_xml('testxmlschema', false, true, '');

-- source: postgresql-18 18.6 src/test/regress/sql/create_type.sql
CREATE SCHEMA of_create_type; SET LOCAL search_path = of_create_type, test_setup, create_misc;

-- line: 190
CREATE VIEW line_190 AS
select format_type('varchar'::regtype, 42);

-- source: postgresql-18 18.6 src/test/regress/sql/create_table.sql
CREATE SCHEMA of_create_table; SET LOCAL search_path = of_create_table, test_setup, create_misc;

-- line: 55
CREATE VIEW line_55 AS
SELECT 'CREATE TABLE extra_wide_table(firstc text, '|| array_to_string(array_agg('c'||i||' bool'),',')||', lastc text);'
FROM generate_series(1, 1100) g(i);

-- line: 109
CREATE TABLE two_not_null_constraints (
   col integer NOT NULL,
   CONSTRAINT two_not_null_constraints_col_not_null CHECK (col IS NOT NULL)
);

-- line: 213
CREATE FUNCTION plusone(a int) RETURNS INT AS $$ SELECT a+1; $$ LANGUAGE SQL;

-- line: 215
CREATE TABLE partitioned (
	a int,
	b int,
	c text,
	d text
) PARTITION BY RANGE (a oid_ops, plusone(b), c collate "default", d collate "C");

-- line: 229
CREATE TABLE partitioned2 (
	a int,
	b text
) PARTITION BY RANGE ((a+1), substr(b, 1, 5));

-- line: 240
CREATE TABLE part2_1 PARTITION OF partitioned2 FOR VALUES FROM (-1, 'aaaaa') TO (100, 'ccccc');

-- line: 246
create table partitioned_2 (a int, b int)
  partition by list ((row(a, b)::partitioned_2));

-- line: 248
create table partitioned1
  partition of partitioned_2 for values in ('(1,2)'::partitioned_2);

-- line: 252
CREATE VIEW line_252 AS
select * from partitioned_2 where row(a,b)::partitioned_2 = '(1,2)'::partitioned_2;

-- line: 257
create table partitioned_3 (a int, b int)
  partition by list ((partitioned_3));

-- line: 285
create domain intdom1_2 as int;

-- line: 287
create table partitioned_5 (
	a intdom1_2,
	b text
) partition by range (plusone(a));

-- line: 307
CREATE TABLE list_parted (
	a int
) PARTITION BY LIST (a);

-- line: 312
CREATE TABLE part_p3 PARTITION OF list_parted FOR VALUES IN ((2+1));

-- line: 346
CREATE TABLE moneyp (
	a money
) PARTITION BY LIST (a);

-- line: 351
CREATE TABLE moneyp_12 PARTITION OF moneyp FOR VALUES IN (to_char(12, '99')::int);

-- line: 401
CREATE TABLE hash_parted (
	a int
) PARTITION BY HASH (a);

-- line: 404
CREATE TABLE hpart_1 PARTITION OF hash_parted FOR VALUES WITH (MODULUS 10, REMAINDER 0);

-- line: 405
CREATE TABLE hpart_2 PARTITION OF hash_parted FOR VALUES WITH (MODULUS 50, REMAINDER 1);

-- line: 406
CREATE TABLE hpart_3 PARTITION OF hash_parted FOR VALUES WITH (MODULUS 200, REMAINDER 2);

-- line: 407
CREATE TABLE hpart_4 PARTITION OF hash_parted FOR VALUES WITH (MODULUS 10, REMAINDER 3);

-- line: 441
CREATE TABLE list_parted2 (
	a varchar
) PARTITION BY LIST (a);

-- line: 444
CREATE TABLE part_null_z PARTITION OF list_parted2 FOR VALUES IN (null, 'z');

-- line: 452
CREATE TABLE fail_part PARTITION OF list_parted2 FOR VALUES IN ('W', 'X', 'Y');

-- line: 454
CREATE TABLE range_parted2 (
	a int
) PARTITION BY RANGE (a);

-- line: 463
CREATE TABLE part0 PARTITION OF range_parted2 FOR VALUES FROM (minvalue) TO (1);

-- line: 485
CREATE TABLE range_parted3 (
	a int,
	b int
) PARTITION BY RANGE (a, (b+1));

-- line: 490
CREATE TABLE part00 PARTITION OF range_parted3 FOR VALUES FROM (0, minvalue) TO (0, maxvalue);

-- line: 493
CREATE TABLE part10 PARTITION OF range_parted3 FOR VALUES FROM (1, minvalue) TO (1, 1);

-- line: 495
CREATE TABLE part12 PARTITION OF range_parted3 FOR VALUES FROM (1, 10) TO (1, maxvalue);

-- line: 505
CREATE TABLE hash_parted2 (
	a varchar
) PARTITION BY HASH (a);

-- line: 508
CREATE TABLE h2part_1 PARTITION OF hash_parted2 FOR VALUES WITH (MODULUS 4, REMAINDER 2);

-- line: 509
CREATE TABLE h2part_2 PARTITION OF hash_parted2 FOR VALUES WITH (MODULUS 8, REMAINDER 0);

-- line: 510
CREATE TABLE h2part_3 PARTITION OF hash_parted2 FOR VALUES WITH (MODULUS 8, REMAINDER 4);

-- line: 511
CREATE TABLE h2part_4 PARTITION OF hash_parted2 FOR VALUES WITH (MODULUS 8, REMAINDER 5);

-- line: 521
CREATE TABLE parted (
	a text,
	b int NOT NULL DEFAULT 0,
	CONSTRAINT check_a CHECK (length(a) > 0)
) PARTITION BY LIST (a);

-- line: 544
CREATE TABLE part_b PARTITION OF parted (
	b NOT NULL DEFAULT 1,
	CONSTRAINT check_a CHECK (length(a) > 0),
	CONSTRAINT check_b CHECK (b >= 0)
) FOR VALUES IN ('b');

-- line: 553
ALTER TABLE parted ADD CONSTRAINT check_b CHECK (b >= 0);

-- line: 568
CREATE TABLE part_c PARTITION OF parted (b WITH OPTIONS NOT NULL DEFAULT 0) FOR VALUES IN ('c') PARTITION BY RANGE ((b));

-- line: 574
create table parted_notnull_inh_test (a int default 1, b int not null default 0) partition by list (a);

-- line: 575
create table parted_notnull_inh_test1 partition of parted_notnull_inh_test (a not null, b default 1) for values in (1);

-- line: 590
create table parted_collate_must_match (a text collate "C", b text collate "C")
  partition by range (a);

-- line: 593
create table parted_collate_must_match1 partition of parted_collate_must_match
  (a collate "POSIX") for values from ('a') to ('m');

-- line: 603
create table test_part_coll_posix (a text) partition by range (a collate "POSIX");

-- line: 605, from: 14
create table test_part_coll partition of test_part_coll_posix for values from ('a' collate "C") to ('g');

-- line: 609, from: 14
create table test_part_coll_cast partition of test_part_coll_posix for values from (name 'm' collate "C") to ('s');

-- line: 611
create table test_part_coll_cast2 partition of test_part_coll_posix for values from (name 's') to ('z');

-- line: 632
CREATE TABLE range_parted4 (a int, b int, c int) PARTITION BY RANGE (abs(a), abs(b), c);

-- line: 633
CREATE TABLE unbounded_range_part PARTITION OF range_parted4 FOR VALUES FROM (MINVALUE, MINVALUE, MINVALUE) TO (MAXVALUE, MAXVALUE, MAXVALUE);

-- line: 663
CREATE TABLE parted_col_comment (a int, b text) PARTITION BY LIST (a);

-- line: 666
CREATE VIEW line_666 AS
SELECT obj_description('parted_col_comment'::regclass);

-- line: 721
create table defcheck_def (a int, c int, b int);

-- line: 724
alter table defcheck_def add check (b <= 0 and b is not null);

-- source: postgresql-18 18.6 src/test/regress/sql/create_table_like.sql
CREATE SCHEMA of_create_table_like; SET LOCAL search_path = of_create_table_like, test_setup, create_misc;

-- line: 2
CREATE TABLE inhx (xx text DEFAULT 'text');

-- line: 54, from: 18
CREATE TABLE test_like_gen_1 (a int, b int GENERATED ALWAYS AS (a * 2) STORED, c int GENERATED ALWAYS AS (a * 3) VIRTUAL);

-- line: 69
CREATE TABLE test_like_4 (b int DEFAULT 42,
  c int GENERATED ALWAYS AS (a * 2) STORED,
  a int CHECK (a > 0));

-- line: 92
CREATE TABLE test_like_5x (p int CHECK (p > 0),
   q int GENERATED ALWAYS AS (p * 2) STORED);

-- line: 99
CREATE TABLE test_like_6 (a int, c text, b text);

-- line: 100, from: 14
CREATE STATISTICS ext_stat ON (a || b) FROM test_like_6;

-- line: 115
CREATE TABLE inhz (xx text DEFAULT 'text', yy int UNIQUE);

-- line: 116
CREATE UNIQUE INDEX inhz_xx_idx on inhz (xx) WHERE xx <> 'test';

-- line: 131, from: 18
CREATE TABLE ctlt1 (a text CHECK (length(a) > 2) ENFORCED PRIMARY KEY,
	b text CHECK (length(b) > 100) NOT ENFORCED);

-- line: 133, from: 18
ALTER TABLE ctlt1 ADD CONSTRAINT cc CHECK (length(b) > 100) NOT VALID;

-- line: 152
CREATE TABLE ctlt3 (a text CHECK (length(a) < 5), c text CHECK (length(c) < 7));

-- line: 201, from: 18
CREATE TABLE noinh_con_copy (a int CHECK (a > 0) NO INHERIT, b int not null,
	c int not null no inherit);

-- line: 248, from: 14
CREATE TABLE ctl_table(a int PRIMARY KEY,
  b varchar COMPRESSION pglz,
  c int GENERATED ALWAYS AS (a * 2) STORED,
  d bigint GENERATED ALWAYS AS IDENTITY,
  e int DEFAULT 1);

-- source: postgresql-18 18.6 src/test/regress/sql/create_function_sql.sql
CREATE SCHEMA of_create_function_sql; SET LOCAL search_path = of_create_function_sql, test_setup, create_misc;

-- line: 23
CREATE FUNCTION functest_A_1(text, date) RETURNS bool LANGUAGE 'sql'
       AS 'SELECT $1 = ''abcd'' AND $2 > ''2001-01-01''';

-- line: 34
CREATE VIEW line_34 AS
SELECT functest_A_1('abcd', '2020-01-01');

-- line: 159, from: 14
CREATE FUNCTION functest_S_1(a text, b date) RETURNS boolean
    LANGUAGE SQL
    RETURN a = 'abcd' AND b > '2001-01-01';

-- line: 162, from: 14
CREATE FUNCTION functest_S_2(a text[]) RETURNS int
    RETURN a[1]::int;

-- line: 164, from: 14
CREATE FUNCTION functest_S_3() RETURNS boolean
    RETURN false;

-- line: 166, from: 14
CREATE FUNCTION functest_S_3a() RETURNS boolean
    BEGIN ATOMIC
        ;;RETURN false;;
    END;

-- line: 171, from: 14
CREATE FUNCTION functest_S_10(a text, b date) RETURNS boolean
    LANGUAGE SQL
    BEGIN ATOMIC
        SELECT a = 'abcd' AND b > '2001-01-01';
    END;

-- line: 177, from: 14
CREATE FUNCTION functest_S_13() RETURNS boolean
    BEGIN ATOMIC
        SELECT 1;
        SELECT false;
    END;

-- line: 184
CREATE TABLE functest1 (i int);

-- line: 185, from: 14
CREATE FUNCTION functest_S_16(a int, b int) RETURNS void
    LANGUAGE SQL
    BEGIN ATOMIC
        INSERT INTO functest1 SELECT a + $2;
    END;

-- line: 208, from: 14
CREATE FUNCTION functest_S_15(x int) RETURNS boolean
LANGUAGE SQL
BEGIN ATOMIC
    select case when x % 2 = 0 then true else false end;
END;

-- line: 215, from: 14
CREATE VIEW line_215 AS
SELECT functest_S_2(ARRAY['1', '2', '3']);

-- line: 233
CREATE TABLE functest3 (a int);

-- line: 235
CREATE VIEW functestv3 AS SELECT * FROM functest3;

-- line: 237, from: 14
CREATE FUNCTION functest_S_14() RETURNS bigint
    RETURN (SELECT count(*) FROM functestv3);

-- line: 247
CREATE FUNCTION functest_IS_1(a int, b int default 1, c text default 'foo')
    RETURNS int
    LANGUAGE SQL
    AS 'SELECT $1 + $2';

-- line: 252
CREATE FUNCTION functest_IS_2(out a int, b int default 1)
    RETURNS int
    LANGUAGE SQL
    AS 'SELECT $1';

-- line: 257
CREATE FUNCTION functest_IS_3(a int default 1, out b int)
    RETURNS int
    LANGUAGE SQL
    AS 'SELECT $1';

-- line: 271
CREATE FUNCTION functest_IS_4a() RETURNS int LANGUAGE SQL AS 'SELECT 1';

-- line: 272
CREATE FUNCTION functest_IS_4b(x int DEFAULT functest_IS_4a()) RETURNS int LANGUAGE SQL AS 'SELECT x';

-- line: 274
CREATE SEQUENCE functest1_2;

-- line: 275
CREATE FUNCTION functest_IS_5(x int DEFAULT nextval('functest1_2'))
    RETURNS int
    LANGUAGE SQL
    AS 'SELECT x';

-- line: 280, from: 14
CREATE FUNCTION functest_IS_6()
    RETURNS int
    LANGUAGE SQL
    RETURN nextval('functest1_2');

-- line: 285
CREATE TABLE functest2 (a int, b int);

-- line: 287, from: 14
CREATE FUNCTION functest_IS_7()
    RETURNS int
    LANGUAGE SQL
    RETURN (SELECT count(a) FROM functest2);

-- line: 333
CREATE FUNCTION functest_srf0() RETURNS SETOF int
LANGUAGE SQL
AS $$ SELECT i FROM generate_series(1, 100) i $$;

-- line: 337
CREATE VIEW line_337 AS
SELECT functest_srf0() LIMIT 5;

-- line: 342
CREATE TABLE functest3_2 (a int);

-- line: 355, from: 14
CREATE FUNCTION functest_sri2() RETURNS SETOF int
LANGUAGE SQL
STABLE
BEGIN ATOMIC
    SELECT * FROM functest3_2;
END;

-- source: postgresql-18 18.6 src/test/regress/sql/create_procedure.sql
CREATE SCHEMA of_create_procedure; SET LOCAL search_path = of_create_procedure, test_setup, create_misc;

-- line: 6
CREATE TABLE cp_test (a int, b text);

-- line: 28
CREATE VIEW line_28 AS
SELECT * FROM cp_test ORDER BY b COLLATE "C";

-- line: 32, from: 14
CREATE PROCEDURE ptest1s(x text)
LANGUAGE SQL
BEGIN ATOMIC
  INSERT INTO cp_test VALUES (1, x);
END;

-- line: 107
CREATE PROCEDURE ptest5(a int, b text, c int default 100)
LANGUAGE SQL
AS $$
INSERT INTO cp_test VALUES(a, b);
INSERT INTO cp_test VALUES(c, b);
$$;

-- line: 174, from: 14
CREATE PROCEDURE ptest8(x text)
BEGIN ATOMIC
END;

-- source: postgresql-18 18.6 src/test/regress/sql/create_view.sql
CREATE SCHEMA of_create_view; SET LOCAL search_path = of_create_view, test_setup, create_misc;

-- line: 19
CREATE TABLE real_city (
	pop			int4,
	cname		text,
	outline 	path
);

-- line: 34
CREATE VIEW street AS
   SELECT r.name, r.thepath, c.cname AS cname
   FROM ONLY road r, real_city c
   WHERE c.outline ?# r.thepath;

-- line: 45
CREATE VIEW toyemp AS
   SELECT name, age, location, 12*salary AS annualsal
   FROM emp;

-- line: 56
CREATE TABLE view_base_table (key int PRIMARY KEY, data varchar(20));

-- line: 58
CREATE VIEW key_dependent_view AS
   SELECT * FROM view_base_table GROUP BY key;

-- line: 63
CREATE VIEW key_dependent_view_no_cols AS
   SELECT FROM view_base_table GROUP BY key HAVING length(data) > 0;

-- line: 70
CREATE TABLE viewtest_tbl (a int, b int, c numeric(10,1), d text COLLATE "C");

-- line: 87
CREATE VIEW viewtest_3 AS
	SELECT a, b, c, d FROM viewtest_tbl WHERE a > 5 ORDER BY b DESC;

-- line: 97
CREATE VIEW viewtest_5 AS
	SELECT 1, * FROM viewtest_tbl;

-- line: 101
CREATE VIEW viewtest_6 AS
	SELECT a, b::numeric, c, d FROM viewtest_tbl;

-- line: 105
CREATE VIEW viewtest_7 AS
	SELECT a, b, c::numeric(10,2), d FROM viewtest_tbl;

-- line: 109
CREATE VIEW viewtest_8 AS
	SELECT a, b, c, d COLLATE "POSIX" FROM viewtest_tbl;

-- line: 113
CREATE VIEW viewtest_9 AS
	SELECT a, b, c, d, 0 AS e FROM viewtest_tbl;

-- line: 197
CREATE TABLE t1 (num int, name text);

-- line: 198
CREATE TABLE t2 (num2 int, value text);

-- line: 201
CREATE VIEW nontemp1 AS SELECT * FROM t1 CROSS JOIN t2;

-- line: 203
CREATE VIEW nontemp2 AS SELECT * FROM t1 INNER JOIN t2 ON t1.num = t2.num2;

-- line: 205
CREATE VIEW nontemp3 AS SELECT * FROM t1 LEFT JOIN t2 ON t1.num = t2.num2;

-- line: 207
CREATE VIEW nontemp4 AS SELECT * FROM t1 LEFT JOIN t2 ON t1.num = t2.num2 AND t2.value = 'xxx';

-- line: 219
CREATE TABLE tbl1 ( a int, b int);

-- line: 220
CREATE TABLE tbl2 (c int, d int);

-- line: 221
CREATE TABLE tbl3 (e int, f int);

-- line: 222
CREATE TABLE tbl4 (g int, h int);

-- line: 223
CREATE TABLE tmptbl (i int, j int);

-- line: 226
CREATE   VIEW  pubview AS SELECT * FROM tbl1 WHERE tbl1.a
BETWEEN (SELECT d FROM tbl2 WHERE c = 1) AND (SELECT e FROM tbl3 WHERE f = 2)
AND EXISTS (SELECT g FROM tbl4 LEFT JOIN tbl3 ON tbl4.h = tbl3.f);

-- line: 234
CREATE   VIEW  mytempview AS SELECT * FROM tbl1 WHERE tbl1.a
BETWEEN (SELECT d FROM tbl2 WHERE c = 1) AND (SELECT e FROM tbl3 WHERE f = 2)
AND EXISTS (SELECT g FROM tbl4 LEFT JOIN tbl3 ON tbl4.h = tbl3.f)
AND NOT EXISTS (SELECT g FROM tbl4 LEFT JOIN tmptbl ON tbl4.h = tmptbl.j);

-- line: 247
CREATE VIEW mysecview2 WITH (security_barrier=true)
       AS SELECT * FROM tbl1 WHERE a > 0;

-- line: 249
CREATE VIEW mysecview3 WITH (security_barrier=false)
       AS SELECT * FROM tbl1 WHERE a < 0;

-- line: 251
CREATE VIEW mysecview4 WITH (security_barrier)
       AS SELECT * FROM tbl1 WHERE a <> 0;

-- line: 257, from: 15
CREATE VIEW mysecview7 WITH (security_invoker=true)
       AS SELECT * FROM tbl1 WHERE a = 100;

-- line: 259, from: 15
CREATE VIEW mysecview8 WITH (security_invoker=false, security_barrier=true)
       AS SELECT * FROM tbl1 WHERE a > 100;

-- line: 261, from: 15
CREATE VIEW mysecview9 WITH (security_invoker)
       AS SELECT * FROM tbl1 WHERE a < 100;

-- line: 296
CREATE VIEW unspecified_types AS
  SELECT 42 as i, 42.5 as num, 'foo' as u, 'foo'::unknown as u2, null as n;

-- line: 303
CREATE VIEW tt1 AS
  SELECT * FROM (
    VALUES
       ('abc'::varchar(3), '0123456789', 42, 'abcd'::varchar(4)),
       ('0123456789', 'abc'::varchar(3), 42.12, 'abc'::varchar(4))
  ) vv(a,b,c,d);

-- line: 311
CREATE VIEW line_311 AS
SELECT a::varchar(3) FROM tt1;

-- line: 394
create view view_of_joins as
select * from
  (select * from (tbl1 cross join tbl2) same) ss,
  (tbl3 cross join tbl4) same;

-- line: 401
create table tbl1a (a int, c int);

-- line: 402
create view view_of_joins_2a as select * from tbl1 join tbl1a using (a);

-- line: 403, from: 14
create view view_of_joins_2b as select * from tbl1 join tbl1a using (a) as x;

-- line: 404
create view view_of_joins_2c as select * from (tbl1 join tbl1a using (a)) as y;

-- line: 405, from: 14
create view view_of_joins_2d as select * from (tbl1 join tbl1a using (a) as x) as y;

-- line: 414
create table tt2 (a int, b int, c int);

-- line: 415
create table tt3 (ax int8, b int2, c numeric);

-- line: 416
create table tt4 (ay int, b int, q int);

-- line: 418
create view v1 as select * from tt2 natural join tt3;

-- line: 419
create view v1a as select * from (tt2 natural join tt3) j;

-- line: 420
create view v2 as select * from tt2 join tt3 using (b,c) join tt4 using (b);

-- line: 421
create view v2a as select * from (tt2 join tt3 using (b,c) join tt4 using (b)) j;

-- line: 422
create view v3 as select * from tt2 join tt3 using (b,c) full join tt4 using (b);

-- line: 464
create table tt5 (a int, b int);

-- line: 465
create table tt6 (c int, d int);

-- line: 466
create view vv1 as select * from (tt5 cross join tt6) j(aa,bb,cc,dd);

-- line: 468
alter table tt5 add column c int;

-- line: 470
alter table tt5 add column cc int;

-- line: 538
create table tt9 (x int, xx int, y int);

-- line: 539
create table tt10 (x int, z int);

-- line: 541
create view vv5 as select x,y,z from tt9 join tt10 using(x);

-- line: 554
create table tt11 (x int, y int);

-- line: 555
create table tt12 (x int, z int);

-- line: 556
create table tt13 (z int, q int);

-- line: 558
create view vv6 as select x,y,z,q from
  (tt11 join tt12 using(x)) join tt13 using(z);

-- line: 571
create table tt14t (f1 text, f2 text, f3 text, f4 text);

-- line: 576
create function tt14f() returns setof tt14t as
$$
declare
    rec1 record;
begin
    for rec1 in select * from tt14t
    loop
        return next rec1;
    end loop;
end;
$$
language plpgsql;

-- line: 589
create view tt14v as select t.* from tt14f() t;

-- line: 652
create view tt14v_2 as select t.f1, t.f4 from tt14f() t;

-- line: 665
create type nestedcomposite as (x int8_tbl);

-- line: 666
create view tt15v as select row(i)::nestedcomposite from int8_tbl i;

-- line: 671
create view tt16v as select * from int8_tbl i, lateral(values(i)) ss;

-- line: 674
CREATE VIEW line_674 AS
select * from int8_tbl i, lateral(values(i.*::int8_tbl)) ss;

-- line: 676
create view tt17v as select * from int8_tbl i where i in (values(i));

-- line: 681
create table tt15v_log(o tt15v, n tt15v, incr bool);

-- line: 682
create rule updlog as on update to tt15v do also
  insert into tt15v_log values(old, new, row(old,old) < row(new,new));

-- line: 688
create view tt18v as
  select * from int8_tbl xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxy
  union all
  select * from int8_tbl xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxz;

-- line: 697
CREATE VIEW line_697 AS
select 'foo'::text = any(array['abc','def','foo']::text[]);

-- line: 701
create view tt19v as
select 'foo'::text = any(array['abc','def','foo']::text[]) c1,
       'foo'::text = any((select array['abc','def','foo']::text[])::text[]) c2;

-- line: 708
create view tt20v as
select * from
  coalesce(1,2) as c,
  collation for ('x'::text) col,
  current_date as d,
  localtimestamp(3) as t,
  cast(1+2 as int4) as i4,
  cast(1+2 as int8) as i8;

-- line: 720, from: 16
create view tt201v as
select
  ('2022-12-01'::date + '1 day'::interval) at time zone 'UTC' as atz,
  extract(day from now()) as extr,
  (now(), '1 day'::interval) overlaps
    (current_timestamp(2), '1 day'::interval) as o,
  'foo' is normalized isn,
  'foo' is nfkc normalized isnn,
  normalize('foo') as n,
  normalize('foo', nfkd) as nfkd,
  overlay('foo' placing 'bar' from 2) as ovl,
  overlay('foo' placing 'bar' from 2 for 3) as ovl2,
  position('foo' in 'foobar') as p,
  substring('foo' from 2 for 3) as s,
  substring('foo' similar 'f' escape '#') as ss,
  substring('foo' from 'oo') as ssf,
  trim(' ' from ' foo ') as bt,
  trim(leading ' ' from ' foo ') as lt,
  trim(trailing ' foo ') as rt,
  trim(E'\\000'::bytea from E'\\000Tom\\000'::bytea) as btb,
  trim(leading E'\\000'::bytea from E'\\000Tom\\000'::bytea) as ltb,
  trim(trailing E'\\000'::bytea from E'\\000Tom\\000'::bytea) as rtb,
  CURRENT_DATE as cd,
  (select * from CURRENT_DATE) as cd2,
  CURRENT_TIME as ct,
  (select * from CURRENT_TIME) as ct2,
  CURRENT_TIME (1) as ct3,
  (select * from CURRENT_TIME (1)) as ct4,
  CURRENT_TIMESTAMP as ct5,
  (select * from CURRENT_TIMESTAMP) as ct6,
  CURRENT_TIMESTAMP (1) as ct7,
  (select * from CURRENT_TIMESTAMP (1)) as ct8,
  LOCALTIME as lt1,
  (select * from LOCALTIME) as lt2,
  LOCALTIME (1) as lt3,
  (select * from LOCALTIME (1)) as lt4,
  LOCALTIMESTAMP as lt5,
  (select * from LOCALTIMESTAMP) as lt6,
  LOCALTIMESTAMP (1) as lt7,
  (select * from LOCALTIMESTAMP (1)) as lt8,
  CURRENT_CATALOG as ca,
  (select * from CURRENT_CATALOG) as ca2,
  CURRENT_ROLE as cr,
  (select * from CURRENT_ROLE) as cr2,
  CURRENT_SCHEMA as cs,
  (select * from CURRENT_SCHEMA) as cs2,
  CURRENT_USER as cu,
  (select * from CURRENT_USER) as cu2,
  USER as us,
  (select * from USER) as us2,
  SESSION_USER seu,
  (select * from SESSION_USER) as seu2,
  SYSTEM_USER as su,
  (select * from SYSTEM_USER) as su2;

-- line: 782
create view tt22v as
select * from tt5 natural left join tt6;

-- line: 788
create view tt23v (col_a, col_b) as
select q1 as other_name1, q2 as other_name2 from int8_tbl
union
select 42, 43;

-- line: 799
create view tt24v as
with cte as materialized (select r from (values(1,2),(3,4)) r)
select (r).column2 as col_a, (rr).column2 as col_b from
  cte join (select rr from (values(1,7),(3,8)) rr limit 2) ss
  on (r).column1 = (rr).column1;

-- line: 817
create view tt26v as
select x + y + z as c1,
       (x * y) + z as c2,
       x + (y * z) as c3,
       (x + y) * z as c4,
       x * (y + z) as c5,
       x + (y + z) as c6,
       x + (y # z) as c7,
       (x > y) AND (y > z OR x > z) as c8,
       (x > y) OR (y > z AND NOT (x > z)) as c9,
       (x,y) <> ALL (values(1,2),(3,4)) as c10,
       (x,y) <= ANY (values(1,2),(3,4)) as c11
from (values(1,2,3)) v(x,y,z);

-- source: postgresql-18 18.6 src/test/regress/sql/matview.sql
CREATE SCHEMA of_matview; SET LOCAL search_path = of_matview, test_setup, create_misc;

-- line: 2
CREATE TABLE mvtest_t (id int NOT NULL PRIMARY KEY, type text NOT NULL, amt numeric NOT NULL);

-- line: 11
CREATE VIEW mvtest_tv AS SELECT type, sum(amt) AS totamt FROM mvtest_t GROUP BY type;

-- line: 15
CREATE MATERIALIZED VIEW mvtest_tm AS SELECT type, sum(amt) AS totamt FROM mvtest_t GROUP BY type WITH NO DATA;

-- line: 17
CREATE MATERIALIZED VIEW mvtest_tm_2 AS SELECT type, sum(amt) AS totamt FROM mvtest_t GROUP BY type WITH NO DATA;

-- line: 26
CREATE MATERIALIZED VIEW mvtest_tvm AS SELECT * FROM mvtest_tv ORDER BY type WITH NO DATA;

-- line: 28
CREATE MATERIALIZED VIEW mvtest_tvm_2 AS SELECT * FROM mvtest_tv ORDER BY type WITH NO DATA;

-- line: 30
CREATE MATERIALIZED VIEW mvtest_tmm AS SELECT sum(totamt) AS grandtot FROM mvtest_tm_2 WITH NO DATA;

-- line: 31
CREATE MATERIALIZED VIEW mvtest_tvmm AS SELECT sum(totamt) AS grandtot FROM mvtest_tvm_2 WITH NO DATA;

-- line: 32
CREATE UNIQUE INDEX mvtest_tvmm_expr ON mvtest_tvmm ((grandtot > 0));

-- line: 34
CREATE VIEW mvtest_tvv AS SELECT sum(totamt) AS grandtot FROM mvtest_tv;

-- line: 35
CREATE MATERIALIZED VIEW mvtest_tvvm AS SELECT * FROM mvtest_tvv WITH NO DATA;

-- line: 37
CREATE MATERIALIZED VIEW mvtest_tvvm_2 AS SELECT * FROM mvtest_tvv WITH NO DATA;

-- line: 99
CREATE VIEW line_99 AS
SELECT * FROM mvtest_tvvm_2 FOR SHARE;

-- line: 102
CREATE VIEW line_102 AS
SELECT type, m.totamt AS mtot, v.totamt AS vtot FROM mvtest_tm_2 m LEFT JOIN mvtest_tv v USING (type) ORDER BY type;

-- line: 115
CREATE VIEW mvtest_vt1 AS SELECT 1 moo;

-- line: 116
CREATE VIEW mvtest_vt2 AS SELECT moo, 2*moo FROM mvtest_vt1 UNION ALL SELECT moo, 3*moo FROM mvtest_vt1;

-- line: 118
CREATE MATERIALIZED VIEW mv_test2 AS SELECT moo, 2*moo FROM mvtest_vt2 UNION ALL SELECT moo, 3*moo FROM mvtest_vt2 WITH NO DATA;

-- line: 120
CREATE MATERIALIZED VIEW mv_test3 AS SELECT * FROM mv_test2 WHERE moo = 12345 WITH NO DATA;

-- line: 147
CREATE MATERIALIZED VIEW mvtest_mv1 AS SELECT 1 AS col1 WITH NO DATA;

-- line: 148
CREATE MATERIALIZED VIEW mvtest_mv2 AS SELECT * FROM mvtest_mv1
  WHERE col1 = (SELECT LEAST(col1) FROM mvtest_mv1) WITH NO DATA;

-- line: 166
CREATE TABLE mvtest_v (i int, j int);

-- line: 168
CREATE MATERIALIZED VIEW mvtest_mv_v (ii, jj) AS SELECT i, j FROM mvtest_v WITH NO DATA;

-- line: 169
CREATE MATERIALIZED VIEW mvtest_mv_v_2 (ii) AS SELECT i, j FROM mvtest_v WITH NO DATA;

-- line: 171
CREATE MATERIALIZED VIEW mvtest_mv_v_3 (ii, jj) AS SELECT i, j FROM mvtest_v WITH NO DATA;

-- line: 172
CREATE MATERIALIZED VIEW mvtest_mv_v_4 (ii) AS SELECT i, j FROM mvtest_v WITH NO DATA;

-- line: 191
CREATE MATERIALIZED VIEW mv_unspecified_types AS
  SELECT 42 as i, 42.5 as num, 'foo' as u, 'foo'::unknown as u2, null as n WITH NO DATA;

-- line: 198
create materialized view mvtest_error as select 1/0 as x WITH NO DATA;

-- line: 199
create materialized view mvtest_error_2 as select 1/0 as x with no data;

-- line: 237
CREATE FUNCTION mvtest_drop_the_index()
  RETURNS bool AS $$
BEGIN
  EXECUTE 'DROP INDEX IF EXISTS mvtest_drop_idx';
  RETURN true;
END;
$$ LANGUAGE plpgsql;

-- line: 245
CREATE MATERIALIZED VIEW drop_idx_matview AS
  SELECT 1 as i WHERE mvtest_drop_the_index() WITH NO DATA;

-- line: 275
CREATE MATERIALIZED VIEW mv_withdata1 (a) AS
  SELECT generate_series(1, 10) WITH NO DATA;

-- line: 281
CREATE MATERIALIZED VIEW mv_nodata1 (a) AS
  SELECT generate_series(1, 10) WITH NO DATA;

-- line: 296
CREATE MATERIALIZED VIEW matview_ine_tab AS SELECT 1 WITH NO DATA;

-- line: 304
CREATE MATERIALIZED VIEW matview_ine_tab_6 AS
    SELECT 1 / 0 WITH NO DATA;

-- line: 307
CREATE MATERIALIZED VIEW IF NOT EXISTS matview_ine_tab_6 AS
    SELECT 1 / 0 WITH NO DATA;

-- line: 310
CREATE MATERIALIZED VIEW matview_ine_tab_7 AS
    SELECT 1 / 0 WITH NO DATA;

-- line: 313
CREATE MATERIALIZED VIEW IF NOT EXISTS matview_ine_tab_7 AS
    SELECT 1 / 0 WITH NO DATA;

-- source: postgresql-18 18.6 src/test/regress/sql/updatable_views.sql
CREATE SCHEMA of_updatable_views; SET LOCAL search_path = of_updatable_views, test_setup, create_misc;

-- line: 11
CREATE TABLE base_tbl (a int PRIMARY KEY, b text DEFAULT 'Unspecified');

-- line: 12, from: 14
CREATE PROCEDURE line_12() LANGUAGE sql BEGIN ATOMIC
INSERT INTO base_tbl SELECT i, 'Row ' || i FROM generate_series(-2, 2) g(i);
END;

-- line: 14
CREATE VIEW ro_view1 AS SELECT DISTINCT a, b FROM base_tbl;

-- line: 15
CREATE VIEW ro_view2 AS SELECT a, b FROM base_tbl GROUP BY a, b;

-- line: 16
CREATE VIEW ro_view3 AS SELECT 1 FROM base_tbl HAVING max(a) > 0;

-- line: 17
CREATE VIEW ro_view4 AS SELECT count(*) FROM base_tbl;

-- line: 18
CREATE VIEW ro_view5 AS SELECT a, rank() OVER() FROM base_tbl;

-- line: 19
CREATE VIEW ro_view6 AS SELECT a, b FROM base_tbl UNION SELECT -a, b FROM base_tbl;

-- line: 20
CREATE VIEW ro_view7 AS WITH t AS (SELECT a, b FROM base_tbl) SELECT * FROM t;

-- line: 21
CREATE VIEW ro_view8 AS SELECT a, b FROM base_tbl ORDER BY a OFFSET 1;

-- line: 22
CREATE VIEW ro_view9 AS SELECT a, b FROM base_tbl ORDER BY a LIMIT 1;

-- line: 24
CREATE VIEW ro_view11 AS SELECT b1.a, b2.b FROM base_tbl b1, base_tbl b2;

-- line: 25
CREATE VIEW ro_view12 AS SELECT * FROM generate_series(1, 10) AS g(a);

-- line: 26
CREATE VIEW ro_view13 AS SELECT a, b FROM (SELECT * FROM base_tbl) AS t;

-- line: 27
CREATE VIEW rw_view14 AS SELECT ctid, a, b FROM base_tbl;

-- line: 28
CREATE VIEW rw_view15 AS SELECT a, upper(b) FROM base_tbl;

-- line: 29
CREATE VIEW rw_view16 AS SELECT a, b, a AS aa FROM base_tbl;

-- line: 31
CREATE VIEW ro_view18 AS SELECT * FROM (VALUES(1)) AS tmp(a);

-- line: 34
CREATE VIEW ro_view20 AS SELECT a, b, generate_series(1, a) g FROM base_tbl;

-- line: 110
ALTER VIEW rw_view15 ALTER COLUMN upper SET DEFAULT 'NOT SET';

-- line: 135
CREATE RULE rw_view16_ins_rule AS ON INSERT TO rw_view16
  WHERE NEW.a > 0 DO INSTEAD INSERT INTO base_tbl VALUES (NEW.a, NEW.b);

-- line: 137
CREATE RULE rw_view16_upd_rule AS ON UPDATE TO rw_view16
  WHERE OLD.a > 0 DO INSTEAD UPDATE base_tbl SET b=NEW.b WHERE a=OLD.a;

-- line: 139
CREATE RULE rw_view16_del_rule AS ON DELETE TO rw_view16
  WHERE OLD.a > 0 DO INSTEAD DELETE FROM base_tbl WHERE a=OLD.a;

-- line: 154
CREATE TABLE base_tbl_2 (a int PRIMARY KEY, b text DEFAULT 'Unspecified');

-- line: 157
CREATE VIEW rw_view1 AS
  SELECT *, 'Const' AS c, (SELECT concat('b: ', b)) AS d FROM base_tbl_2 WHERE a>0;

-- line: 193, from: 18
CREATE PROCEDURE line_193() LANGUAGE sql BEGIN ATOMIC
MERGE INTO rw_view1 t
  USING (VALUES (0, 'R0'), (1, 'R1'),
                (2, 'R2'), (3, 'R3')) AS v(a,b) ON t.a = v.a
  WHEN MATCHED AND t.a <= 1 THEN UPDATE SET b = v.b
  WHEN MATCHED THEN DELETE
  WHEN NOT MATCHED BY SOURCE THEN DELETE
  WHEN NOT MATCHED AND a > 0 THEN INSERT (a) VALUES (v.a)
  RETURNING merge_action(), v.*, old, new, old.*, new.*, t.*;
END;

-- line: 227
CREATE TABLE base_tbl_hist(ts timestamptz default now(), a int, b text);

-- line: 229
CREATE RULE base_tbl_log AS ON INSERT TO rw_view1 DO ALSO
  INSERT INTO base_tbl_hist(a,b) VALUES(new.a, new.b);

-- line: 246
CREATE TABLE base_tbl_3 (a int PRIMARY KEY, b text DEFAULT 'Unspecified');

-- line: 249
CREATE VIEW rw_view1_2 AS
  SELECT b AS bb, a AS aa, 'Const1' AS c FROM base_tbl_3 WHERE a>0;

-- line: 251
CREATE VIEW rw_view2 AS
  SELECT aa AS aaa, bb AS bbb, c AS c1, 'Const2' AS c2 FROM rw_view1_2 WHERE aa<10;

-- line: 298
CREATE TABLE base_tbl_4 (a int PRIMARY KEY, b text DEFAULT 'Unspecified');

-- line: 301
CREATE VIEW rw_view1_3 AS SELECT * FROM base_tbl_4 WHERE a>0 OFFSET 0;

-- line: 319
CREATE RULE rw_view1_ins_rule AS ON INSERT TO rw_view1_3
  DO INSTEAD INSERT INTO base_tbl_4 VALUES (NEW.a, NEW.b) RETURNING *;

-- line: 337
CREATE RULE rw_view1_upd_rule AS ON UPDATE TO rw_view1_3
  DO INSTEAD UPDATE base_tbl_4 SET b=NEW.b WHERE a=OLD.a RETURNING NEW.*;

-- line: 355
CREATE RULE rw_view1_del_rule AS ON DELETE TO rw_view1_3
  DO INSTEAD DELETE FROM base_tbl_4 WHERE a=OLD.a RETURNING OLD.*;

-- line: 393
CREATE TABLE base_tbl_5 (a int PRIMARY KEY, b text DEFAULT 'Unspecified');

-- line: 396
CREATE VIEW rw_view1_4 AS
  SELECT *, 'Const1' AS c1 FROM base_tbl_5 WHERE a>0 OFFSET 0;

-- line: 398
CREATE VIEW rw_view2_3 AS
  SELECT *, 'Const2' AS c2 FROM rw_view1_4 WHERE a<10;

-- line: 568
CREATE TABLE base_tbl_6 (a int PRIMARY KEY, b text DEFAULT 'Unspecified');

-- line: 571
CREATE VIEW rw_view1_5 AS SELECT b AS bb, a AS aa FROM base_tbl_6;

-- line: 683
CREATE TABLE base_tbl_8(a int, b text, c float);

-- line: 687
CREATE VIEW rw_view1_7 AS SELECT * FROM base_tbl_8;

-- line: 689
CREATE VIEW line_689 AS
SELECT * FROM rw_view1_7 FOR UPDATE;

-- line: 691, from: 17
CREATE PROCEDURE line_691() LANGUAGE sql BEGIN ATOMIC
MERGE INTO rw_view1_7 t USING (VALUES (1)) AS v(a) ON t.a = v.a
  WHEN MATCHED THEN UPDATE SET b = 'foo';
END;

-- line: 1037
CREATE TABLE base_tbl_11 (a int PRIMARY KEY, b text DEFAULT 'Unspecified', c serial);

-- line: 1088
CREATE TABLE base_tbl_13 (a int, b int);

-- line: 1091
CREATE VIEW rw_view1_12 AS SELECT * FROM base_tbl_13 ORDER BY a+b;

-- line: 1119
CREATE TABLE base_tbl_15(a float);

-- line: 1122
CREATE VIEW rw_view1_14 AS
  SELECT ctid, sin(a) s, a, cos(a) c
  FROM base_tbl_15
  WHERE a != 0
  ORDER BY abs(a);

-- line: 1136
CREATE VIEW rw_view2_7 AS
  SELECT s, c, s/c t, a base_a, ctid
  FROM rw_view1_14;

-- line: 1148
CREATE VIEW rw_view3 AS
  SELECT s, c, s/c t, ctid
  FROM rw_view1_14;

-- line: 1155, from: 14
CREATE PROCEDURE line_1155() LANGUAGE sql BEGIN ATOMIC
DELETE FROM rw_view3 WHERE s = sin(0.1);
END;

-- line: 1182
CREATE TABLE base_tbl_16 (id int, idplus1 int GENERATED ALWAYS AS (id + 1) STORED);

-- line: 1203
CREATE TABLE base_tbl_parent (a int);

-- line: 1204
CREATE TABLE base_tbl_child (CHECK (a > 0)) INHERITS (base_tbl_parent);

-- line: 1209
CREATE VIEW rw_view2_8 AS SELECT * FROM ONLY base_tbl_parent;

-- line: 1260
CREATE TABLE base_tbl_17 (a int, b int DEFAULT 10);

-- line: 1263
CREATE VIEW rw_view1_17 AS SELECT * FROM base_tbl_17 WHERE a < b
  WITH LOCAL CHECK OPTION;

-- line: 1275
CREATE VIEW line_1275 AS
SELECT * FROM base_tbl_17 ORDER BY a, b;

-- line: 1281, from: 17
CREATE PROCEDURE line_1281() LANGUAGE sql BEGIN ATOMIC
MERGE INTO rw_view1_17 t USING (VALUES (1)) AS v(a) ON t.a = v.a
  WHEN MATCHED THEN UPDATE SET a = t.a - 1;
END;

-- line: 1291
CREATE TABLE base_tbl_18 (a int);

-- line: 1293
CREATE VIEW rw_view1_18 AS SELECT * FROM base_tbl_18 WHERE a > 0;

-- line: 1294
CREATE VIEW rw_view2_9 AS SELECT * FROM rw_view1_18 WHERE a < 10
  WITH CHECK OPTION;

-- line: 1307
CREATE VIEW rw_view2_10 AS SELECT * FROM rw_view1_18 WHERE a < 10
  WITH LOCAL CHECK OPTION;

-- line: 1332
CREATE TABLE base_tbl_19 (a int);

-- line: 1334
CREATE VIEW rw_view1_19 AS SELECT * FROM base_tbl_19 WITH CHECK OPTION;

-- line: 1350
CREATE TABLE base_tbl_20 (a int, b int[]);

-- line: 1351
CREATE VIEW rw_view1_20 AS SELECT * FROM base_tbl_20 WHERE a = ANY (b)
  WITH CHECK OPTION;

-- line: 1369
CREATE TABLE base_tbl_21 (a int);

-- line: 1370
CREATE TABLE ref_tbl (a int PRIMARY KEY);

-- line: 1373
CREATE VIEW rw_view1_21 AS
  SELECT * FROM base_tbl_21 b
  WHERE EXISTS(SELECT 1 FROM ref_tbl r WHERE r.a = b.a)
  WITH CHECK OPTION;

-- line: 1391
CREATE TABLE base_tbl_22 (a int, b int);

-- line: 1406
CREATE VIEW rw_view1_22 AS SELECT * FROM base_tbl_22 WHERE a < b WITH CHECK OPTION;

-- line: 1417
CREATE TABLE base_tbl_23 (a int, b int);

-- line: 1419
CREATE VIEW rw_view1_23 AS SELECT a FROM base_tbl_23 WHERE a < b;

-- line: 1470
CREATE RULE rw_view1_ins_rule AS ON INSERT TO rw_view1_23
  DO INSTEAD INSERT INTO base_tbl_23 VALUES (NEW.a, 10);

-- line: 1472
CREATE RULE rw_view1_upd_rule_2 AS ON UPDATE TO rw_view1_23
  DO INSTEAD UPDATE base_tbl_23 SET a=NEW.a WHERE a=OLD.a;

-- line: 1485
CREATE TABLE base_tbl_24 (a int);

-- line: 1486
CREATE VIEW rw_view1_24 AS SELECT a,10 AS b FROM base_tbl_24;

-- line: 1496
CREATE TABLE base_tbl_25 (person text, visibility text);

-- line: 1501
CREATE VIEW rw_view1_25 AS
  SELECT person FROM base_tbl_25 WHERE visibility = 'public';

-- line: 1504
CREATE FUNCTION snoop(anyelement)
RETURNS boolean AS
$$
BEGIN
  RAISE NOTICE 'snooped value: %', $1;
  RETURN true;
END;
$$
LANGUAGE plpgsql COST 0.000001;

-- line: 1559
CREATE VIEW rw_view2_14 WITH (security_barrier = true) AS
  SELECT * FROM rw_view1_25 WHERE snoop(person);

-- line: 1594
CREATE TABLE base_tbl_26(id int PRIMARY KEY, data text, deleted boolean);

-- line: 1597
CREATE RULE base_tbl_ins_rule AS ON INSERT TO base_tbl_26
  WHERE EXISTS (SELECT 1 FROM base_tbl_26 t WHERE t.id = new.id)
  DO INSTEAD
    UPDATE base_tbl_26 SET data = new.data, deleted = false WHERE id = new.id;

-- line: 1606
CREATE VIEW rw_view1_26 WITH (security_barrier=true) AS
  SELECT id, data FROM base_tbl_26 WHERE NOT deleted;

-- line: 1622
CREATE TABLE t1 (a int, b float, c text);

-- line: 1628
CREATE TABLE t11 (d text) INHERITS (t1);

-- line: 1634
CREATE TABLE t12 (e int[]) INHERITS (t1);

-- line: 1640
CREATE TABLE t111 () INHERITS (t11, t12);

-- line: 1642, from: 14
CREATE PROCEDURE line_1642() LANGUAGE sql BEGIN ATOMIC
INSERT INTO t111
SELECT i,i,'t111','t111d','{1,1,1}'::int[] FROM generate_series(1,10) g(i);
END;

-- line: 1646
CREATE VIEW v1 WITH (security_barrier=true) AS
SELECT *, (SELECT d FROM t11 WHERE t11.a = t1.a LIMIT 1) AS d
FROM t1
WHERE a > 5 AND EXISTS(SELECT 1 FROM t12 WHERE t12.a = t1.a);

-- line: 1675
CREATE TABLE tx1 (a integer);

-- line: 1676
CREATE TABLE tx2 (b integer);

-- line: 1677
CREATE TABLE tx3 (c integer);

-- line: 1678
CREATE VIEW vx1 AS SELECT a FROM tx1 WHERE EXISTS(SELECT 1 FROM tx2 JOIN tx3 ON b=c);

-- line: 1723
CREATE TABLE t1_2 (a int, b text, c int);

-- line: 1726
CREATE TABLE t2 (cc int);

-- line: 1729
CREATE VIEW v1_2 WITH (security_barrier = true) AS
  SELECT * FROM t1_2 WHERE (a > 0)
  WITH CHECK OPTION;

-- line: 1733
CREATE VIEW v2 WITH (security_barrier = true) AS
  SELECT * FROM v1_2 WHERE EXISTS (SELECT 1 FROM t2 WHERE t2.cc = v1_2.c)
  WITH CHECK OPTION;

-- line: 1756
CREATE TABLE t1_3 (a int);

-- line: 1757
CREATE VIEW v1_3 WITH (security_barrier = true) AS
  SELECT * FROM t1_3;

-- line: 1761
CREATE VIEW v2_2 WITH (security_barrier = true) AS
  SELECT * FROM v1_3 WHERE EXISTS (SELECT 1);

-- line: 1775
CREATE VIEW v1_4 AS SELECT null::int AS a;

-- line: 1785
create table uv_pt (a int, b int, v varchar) partition by range (a, b);

-- line: 1786
create table uv_pt1 (b int not null, v varchar, a int not null) partition by range (b);

-- line: 1787
create table uv_pt11 (like uv_pt1);

-- line: 1792
alter table uv_pt1 attach partition uv_pt11 for values from (2) to (5);

-- line: 1793
alter table uv_pt attach partition uv_pt1 for values from (1, 2) to (1, 10);

-- line: 1822
CREATE VIEW line_1822 AS
select tableoid::regclass, * from uv_pt order by a, b;

-- line: 1828
create table wcowrtest (a int) partition by list (a);

-- line: 1830
create view wcowrtest_v as select * from wcowrtest where wcowrtest = '(2)'::wcowrtest with check option;

-- line: 1833
alter table wcowrtest add b text;

-- line: 1838
create table sometable (a int, b text);

-- line: 1840
create view wcowrtest_v2 as
    select *
      from wcowrtest r
      where r in (select s from sometable s where r.a = s.a)
with check option;

-- line: 1855
create table uv_iocu_tab (a text unique, b float);

-- line: 1857
create view uv_iocu_view as
   select b, b+1 as c, a, '2.0'::text as two from uv_iocu_tab;

-- line: 1885
create table uv_iocu_tab_2 (a int unique, b text);

-- line: 1886
create view uv_iocu_view_2 as
    select b as bb, a as aa, uv_iocu_tab_2::text as cc from uv_iocu_tab_2;

-- line: 1910
alter table uv_iocu_tab_2 alter column b set default 'table default';

-- line: 1990
create table base_tab_def (a int, b text default 'Table default',
                           c text default 'Table default', d text, e text);

-- line: 1992
create view base_tab_def_view as select * from base_tab_def;

-- line: 2039
create rule base_tab_def_view_ins_rule as on insert to base_tab_def_view
  do instead insert into base_tab_def values (new.a, new.b, new.c, new.d, new.e);

-- line: 2061
create rule base_tab_def_view_ins_rule_2 as on insert to base_tab_def_view
  do also insert into base_tab_def values (new.a, new.b, new.c, new.d, new.e);

-- line: 2079
create rule base_tab_def_view_ins_rule_3 as on insert to base_tab_def_view
  do also insert into base_tab_def (a, b, e) select new.a, new.b, 'xxx';

-- line: 2091
create table base_tab (a serial, b int[], c text, d text default 'Table default');

-- source: postgresql-18 18.6 src/test/regress/sql/rules.sql
CREATE SCHEMA of_rules; SET LOCAL search_path = of_rules, test_setup, create_misc;

-- line: 10
create table rtest_t1 (a int4, b int4);

-- line: 11
create table rtest_t2 (a int4, b int4);

-- line: 14
create view rtest_v1 as select * from rtest_t1;

-- line: 15
create rule rtest_v1_ins as on insert to rtest_v1 do instead
	insert into rtest_t1 values (new.a, new.b);

-- line: 17
create rule rtest_v1_upd as on update to rtest_v1 do instead
	update rtest_t1 set a = new.a, b = new.b
	where a = old.a;

-- line: 20
create rule rtest_v1_del as on delete to rtest_v1 do instead
	delete from rtest_t1 where a = old.a;

-- line: 34
create table rtest_system (sysname text, sysdesc text);

-- line: 35
create table rtest_interface (sysname text, ifname text);

-- line: 36
create table rtest_person (pname text, pdesc text);

-- line: 37
create table rtest_admin (pname text, sysname text);

-- line: 39
create rule rtest_sys_upd as on update to rtest_system do also (
	update rtest_interface set sysname = new.sysname
		where sysname = old.sysname;
	update rtest_admin set sysname = new.sysname
		where sysname = old.sysname
	);

-- line: 46
create rule rtest_sys_del as on delete to rtest_system do also (
	delete from rtest_interface where sysname = old.sysname;
	delete from rtest_admin where sysname = old.sysname;
	);

-- line: 51
create rule rtest_pers_upd as on update to rtest_person do also
	update rtest_admin set pname = new.pname where pname = old.pname;

-- line: 60
create table rtest_emp (ename char(20), salary numeric);

-- line: 61
create table rtest_emplog (ename char(20), who name, action char(10), newsal numeric, oldsal numeric);

-- line: 62
create table rtest_empmass (ename char(20), salary numeric);

-- line: 64
create rule rtest_emp_ins as on insert to rtest_emp do
	insert into rtest_emplog values (new.ename, current_user,
			'hired', new.salary, '0.00');

-- line: 68
create rule rtest_emp_upd as on update to rtest_emp where new.salary != old.salary do
	insert into rtest_emplog values (new.ename, current_user,
			'honored', new.salary, old.salary);

-- line: 72
create rule rtest_emp_del as on delete to rtest_emp do
	insert into rtest_emplog values (old.ename, current_user,
			'fired', '0.00', old.salary);

-- line: 80
create table rtest_t4 (a int4, b text);

-- line: 81
create table rtest_t5 (a int4, b text);

-- line: 82
create table rtest_t6 (a int4, b text);

-- line: 83
create table rtest_t7 (a int4, b text);

-- line: 87
create rule rtest_t4_ins1 as on insert to rtest_t4
		where new.a >= 10 and new.a < 20 do instead
	insert into rtest_t5 values (new.a, new.b);

-- line: 91
create rule rtest_t4_ins2 as on insert to rtest_t4
		where new.a >= 20 and new.a < 30 do
	insert into rtest_t6 values (new.a, new.b);

-- line: 95
create rule rtest_t5_ins as on insert to rtest_t5
		where new.a > 15 do
	insert into rtest_t7 values (new.a, new.b);

-- line: 109
create table rtest_order1 (a int4);

-- line: 110
create table rtest_order2 (a int4, b int4, c text);

-- line: 112
create sequence rtest_seq;

-- line: 118
create rule rtest_order_r4 as on insert to rtest_order1
		where a < 100 do instead
	insert into rtest_order2 values (new.a, nextval('rtest_seq'),
		'rule 4 - this should run 4th');

-- line: 123
create rule rtest_order_r2 as on insert to rtest_order1 do
	insert into rtest_order2 values (new.a, nextval('rtest_seq'),
		'rule 2 - this should run 2nd');

-- line: 134
create table rtest_nothn1 (a int4, b text);

-- line: 139
create rule rtest_nothn_r1 as on insert to rtest_nothn1
	where new.a >= 10 and new.a < 20 do instead nothing;

-- line: 200, from: 14
CREATE PROCEDURE line_200() LANGUAGE sql BEGIN ATOMIC
insert into rtest_v1 (b, a) select b, a from rtest_t2;
END;

-- line: 206
CREATE VIEW line_206 AS
select * from rtest_v1 where b isnull;

-- line: 209, from: 14
CREATE PROCEDURE line_209() LANGUAGE sql BEGIN ATOMIC
update rtest_t1 set a = a + 10 where b isnull;
END;

-- line: 227, from: 14
CREATE PROCEDURE line_227() LANGUAGE sql BEGIN ATOMIC
update rtest_v1 set b = rtest_t2.b from rtest_t2 where rtest_v1.a = rtest_t2.a;
END;

-- line: 292, from: 14
CREATE PROCEDURE line_292() LANGUAGE sql BEGIN ATOMIC
delete from rtest_emp using rtest_empmass where rtest_emp.ename = rtest_empmass.ename;
END;

-- line: 419
create table rtest_view1 (a int4, b text, v bool);

-- line: 420
create table rtest_view2 (a int4);

-- line: 421
create table rtest_view3 (a int4, b text);

-- line: 423
create view rtest_vview1 as select a, b from rtest_view1 X
	where 0 < (select count(*) from rtest_view2 Y where Y.a = X.a);

-- line: 425
create view rtest_vview2 as select a, b from rtest_view1 where v;

-- line: 428
create view rtest_vview4 as select X.a, X.b, count(Y.a) as refcount
	from rtest_view1 X, rtest_view2 Y
	where X.a = Y.a
	group by X.a, X.b;

-- line: 432
create function rtest_viewfunc1(int4) returns int4 as
	'select count(*)::int4 from rtest_view2 where a = $1'
	language sql;

-- line: 435
create view rtest_vview5 as select a, b, rtest_viewfunc1(a) as refcount
	from rtest_view1;

-- line: 466, from: 14
CREATE PROCEDURE line_466() LANGUAGE sql BEGIN ATOMIC
insert into rtest_view3 select * from rtest_vview2 where a != 5 and b !~ '2';
END;

-- line: 484
create table rtest_comp (
	part	text,
	unit	char(4),
	size	float
);

-- line: 491
create table rtest_unitfact (
	unit	char(4),
	factor	float
);

-- line: 496
create view rtest_vcomp as
	select X.part, (X.size * Y.factor) as size_in_cm
			from rtest_comp X, rtest_unitfact Y
			where X.unit = Y.unit;

-- line: 515
CREATE VIEW line_515 AS
select * from rtest_vcomp where size_in_cm > 10.0 order by size_in_cm using >;

-- line: 521
CREATE TABLE shoe_data (
	shoename   char(10),
	sh_avail   integer,
	slcolor    char(10),
	slminlen   float,
	slmaxlen   float,
	slunit     char(8)
);

-- line: 530
CREATE TABLE shoelace_data (
	sl_name    char(10),
	sl_avail   integer,
	sl_color   char(10),
	sl_len     float,
	sl_unit    char(8)
);

-- line: 538
CREATE TABLE unit (
	un_name    char(8),
	un_fact    float
);

-- line: 543
CREATE VIEW shoe AS
	SELECT sh.shoename,
		   sh.sh_avail,
		   sh.slcolor,
		   sh.slminlen,
		   sh.slminlen * un.un_fact AS slminlen_cm,
		   sh.slmaxlen,
		   sh.slmaxlen * un.un_fact AS slmaxlen_cm,
		   sh.slunit
	  FROM shoe_data sh, unit un
	 WHERE sh.slunit = un.un_name;

-- line: 555
CREATE VIEW shoelace AS
	SELECT s.sl_name,
		   s.sl_avail,
		   s.sl_color,
		   s.sl_len,
		   s.sl_unit,
		   s.sl_len * u.un_fact AS sl_len_cm
	  FROM shoelace_data s, unit u
	 WHERE s.sl_unit = u.un_name;

-- line: 565
CREATE VIEW shoe_ready AS
	SELECT rsh.shoename,
		   rsh.sh_avail,
		   rsl.sl_name,
		   rsl.sl_avail,
		   int4smaller(rsh.sh_avail, rsl.sl_avail) AS total_avail
	  FROM shoe rsh, shoelace rsl
	 WHERE rsl.sl_color = rsh.slcolor
	   AND rsl.sl_len_cm >= rsh.slminlen_cm
	   AND rsl.sl_len_cm <= rsh.slmaxlen_cm;

-- line: 598
CREATE TABLE shoelace_log (
        sl_name    char(10),
        sl_avail   integer,
        log_who    name,
        log_when   timestamp
    );

-- line: 609
CREATE RULE log_shoelace AS ON UPDATE TO shoelace_data
        WHERE NEW.sl_avail != OLD.sl_avail
        DO INSERT INTO shoelace_log VALUES (
                                        NEW.sl_name,
                                        NEW.sl_avail,
                                        'Al Bundy',
                                        'epoch'
                                    );

-- line: 631
CREATE RULE shoelace_upd AS ON UPDATE TO shoelace
        DO INSTEAD
        UPDATE shoelace_data SET
               sl_name = NEW.sl_name,
               sl_avail = NEW.sl_avail,
               sl_color = NEW.sl_color,
               sl_len = NEW.sl_len,
               sl_unit = NEW.sl_unit
         WHERE sl_name = OLD.sl_name;

-- line: 651
CREATE TABLE shoelace_ok (
        ok_name     char(10),
        ok_quant    integer
    );

-- line: 656
CREATE RULE shoelace_ok_ins AS ON INSERT TO shoelace_ok
        DO INSTEAD
        UPDATE shoelace SET
               sl_avail = sl_avail + NEW.ok_quant
         WHERE sl_name = NEW.ok_name;

-- line: 674
CREATE VIEW shoelace_obsolete AS
	SELECT * FROM shoelace WHERE NOT EXISTS
	    (SELECT shoename FROM shoe WHERE slcolor = sl_color);

-- line: 703
create table rules_foo (f1 int);

-- line: 704
create table rules_foo2 (f1 int);

-- line: 719
create rule rules_foorule_2 as on insert to rules_foo where f1 < 100
do instead insert into rules_foo2 values (new.f1);

-- line: 737
create table pparent (pid int, txt text);

-- line: 741
create table cchild (pid int, descrip text);

-- line: 744
create view vview as
  select pparent.pid, txt, descrip from
    pparent left join cchild using (pid);

-- line: 748
create rule rrule as
  on update to vview do instead
(
  insert into cchild (pid, descrip)
    select old.pid, new.descrip where old.descrip isnull;
  update cchild set descrip = new.descrip where cchild.pid = old.pid;
);

-- line: 793
CREATE TABLE ruletest_tbl (a int, b int);

-- line: 794
CREATE TABLE ruletest_tbl2 (a int, b int);

-- line: 796
CREATE RULE myrule AS ON INSERT TO ruletest_tbl
	DO INSTEAD INSERT INTO ruletest_tbl2 VALUES (10, 10);

-- line: 810
create table rule_and_refint_t1 (
	id1a integer,
	id1b integer,
	primary key (id1a, id1b)
);

-- line: 817
create table rule_and_refint_t2 (
	id2a integer,
	id2c integer,
	primary key (id2a, id2c)
);

-- line: 824
create table rule_and_refint_t3 (
	id3a integer,
	id3b integer,
	id3c integer,
	data text,
	primary key (id3a, id3b, id3c),
	foreign key (id3a, id3b) references rule_and_refint_t1 (id1a, id1b),
	foreign key (id3a, id3c) references rule_and_refint_t2 (id2a, id2c)
);

-- line: 865
create rule rule_and_refint_t3_ins as on insert to rule_and_refint_t3
	where (exists (select 1 from rule_and_refint_t3
			where (((rule_and_refint_t3.id3a = new.id3a)
			and (rule_and_refint_t3.id3b = new.id3b))
			and (rule_and_refint_t3.id3c = new.id3c))))
	do instead update rule_and_refint_t3 set data = new.data
	where (((rule_and_refint_t3.id3a = new.id3a)
	and (rule_and_refint_t3.id3b = new.id3b))
	and (rule_and_refint_t3.id3c = new.id3c));

-- line: 882
create view rules_fooview as select 'rules_foo'::text;

-- line: 911
create table id (id serial primary key, name text);

-- line: 924
create view id_ordered as select * from id order by id;

-- line: 942
CREATE table t1 (a integer primary key);

-- line: 944
CREATE table t1_1 (check (a >= 0 and a < 10)) inherits (t1);

-- line: 956
create rule t1_upd_1 as on update to t1
	where old.a >= 0 and old.a < 10
	do instead
	update t1_1 set a = new.a where a = old.a;

-- line: 967, from: 14
CREATE PROCEDURE line_967() LANGUAGE sql BEGIN ATOMIC
insert into t1 select * from generate_series(5,19,1) g;
END;

-- line: 970
CREATE VIEW line_970 AS
select * from only t1;

-- line: 978
create table rules_base(f1 int, f2 int);

-- line: 980
create rule r1 as on update to rules_base do instead
  select * from rules_base where f1 = 1 for update;

-- line: 983
CREATE rule r1_2 as on update to rules_base do instead
  select * from rules_base where f1 = 11 for update of rules_base;

-- line: 1000
create table rules_src(f1 int, f2 int default 0);

-- line: 1001
create table rules_log(f1 int, f2 int, tag text, id serial);

-- line: 1003
create rule r1_2 as on update to rules_src do also
  insert into rules_log values(old.*, 'old', default), (new.*, 'new', default);

-- line: 1009
create rule r2 as on update to rules_src do also
  values(old.*, 'old'), (new.*, 'new');

-- line: 1012
create rule r3 as on insert to rules_src do also
  insert into rules_log values(null, null, '-', default), (new.*, 'new', default);

-- line: 1022
create rule r5 as on insert to rules_src do instead insert into rules_log AS trgt SELECT NEW.* RETURNING trgt.f1, trgt.f2;

-- line: 1023
create rule r6 as on update to rules_src do instead UPDATE rules_log AS trgt SET tag = 'updated' WHERE trgt.f1 = new.f1;

-- line: 1028
create rule r7 as on delete to rules_src do instead
  with wins as (insert into int4_tbl as trgt values (0) returning *),
       wupd as (update int4_tbl trgt set f1 = f1+1 returning *),
       wdel as (delete from int4_tbl trgt where f1 = 0 returning *)
  insert into rules_log AS trgt select old.* from wins, wupd, wdel
  returning trgt.f1, trgt.f2;

-- line: 1041
create table rule_t1(f1 int, f2 int);

-- line: 1042
create table rule_dest(f1 int, f2 int[], tag text);

-- line: 1043
create rule rr as on update to rule_t1 do instead UPDATE rule_dest trgt
  SET (f2[1], f1, tag) = (SELECT new.f2, new.f1, 'updated'::varchar)
  WHERE trgt.f1 = new.f1 RETURNING new.*;

-- line: 1052
CREATE TABLE rule_t1_2(a int, b text DEFAULT 'xxx', c int);

-- line: 1053
CREATE VIEW rule_v1 AS SELECT * FROM rule_t1_2;

-- line: 1054
CREATE RULE v1_ins AS ON INSERT TO rule_v1
  DO ALSO INSERT INTO rule_t1_2
  SELECT * FROM (SELECT a + 10 FROM rule_t1_2 WHERE a = NEW.a) tt;

-- line: 1098
create view rule_v1_3 as values(1,2);

-- line: 1103
create view rule_v1_4(x) as values(1,2);

-- line: 1106
create view rule_v1_5(x) as select * from (values(1,2)) v;

-- line: 1116
CREATE TABLE hats (
	hat_name    char(10) primary key,
	hat_color   char(10)
);

-- line: 1121
CREATE TABLE hat_data (
	hat_name    char(10),
	hat_color   char(10)
);

-- line: 1125
create unique index hat_data_unique_idx
  on hat_data (hat_name COLLATE "C" bpchar_pattern_ops);

-- line: 1129
CREATE RULE hat_nosert AS ON INSERT TO hats
    DO INSTEAD
    INSERT INTO hat_data VALUES (
           NEW.hat_name,
           NEW.hat_color)
        ON CONFLICT (hat_name COLLATE "C" bpchar_pattern_ops) WHERE hat_color = 'green'
        DO NOTHING
        RETURNING *;

-- line: 1148
CREATE RULE hat_nosert_all AS ON INSERT TO hats
    DO INSTEAD
    INSERT INTO hat_data VALUES (
           NEW.hat_name,
           NEW.hat_color)
        ON CONFLICT
        DO NOTHING
        RETURNING *;

-- line: 1163
CREATE RULE hat_upsert AS ON INSERT TO hats
    DO INSTEAD
    INSERT INTO hat_data VALUES (
           NEW.hat_name,
           NEW.hat_color)
        ON CONFLICT (hat_name)
        DO UPDATE
           SET hat_name = hat_data.hat_name, hat_color = excluded.hat_color
           WHERE excluded.hat_color <>  'forbidden' AND hat_data.* != excluded.*
        RETURNING *;

-- line: 1251
CREATE TABLE rule_merge1 (a int, b text);

-- line: 1295
CREATE TABLE sf_target(id int, data text, filling int[]);

-- line: 1297, from: 18
CREATE FUNCTION merge_sf_test()
 RETURNS TABLE(action text, a int, b text,
               id int, data text, filling int[],
               old_id int, old_data text, old_filling int[],
               new_id int, new_data text, new_filling int[])
 LANGUAGE sql
BEGIN ATOMIC
 MERGE INTO sf_target t
   USING rule_merge1 s
   ON (s.a = t.id)
WHEN MATCHED
   AND (s.a + t.id) = 42
   THEN UPDATE SET data = repeat(t.data, s.a) || s.b, id = length(s.b)
WHEN NOT MATCHED
   AND (s.b IS NOT NULL)
   THEN INSERT (data, id)
   VALUES (s.b, s.a)
WHEN MATCHED
   AND length(s.b || t.data) > 10
   THEN UPDATE SET data = s.b
WHEN MATCHED
   AND s.a > 200
   THEN UPDATE SET filling[s.a] = t.id
WHEN MATCHED
   AND s.a > 100
   THEN DELETE
WHEN MATCHED
   THEN DO NOTHING
WHEN NOT MATCHED
   AND s.a > 200
   THEN INSERT DEFAULT VALUES
WHEN NOT MATCHED
   AND s.a > 100
   THEN INSERT (id, data) OVERRIDING USER VALUE
   VALUES (s.a, DEFAULT)
WHEN NOT MATCHED
   AND s.a > 0
   THEN INSERT
   VALUES (s.a, s.b, DEFAULT)
WHEN NOT MATCHED
   THEN INSERT (filling[1], id)
   VALUES (s.a, s.a)
RETURNING
   WITH (OLD AS o, NEW AS n)
   merge_action() AS action, *, o.*, n.*;
END;

-- line: 1346, from: 17
CREATE FUNCTION merge_sf_test2()
 RETURNS void
 LANGUAGE sql
BEGIN ATOMIC
 MERGE INTO sf_target t
   USING rule_merge1 s
   ON (s.a = t.id)
WHEN NOT MATCHED
   THEN INSERT (data, id)
   VALUES (s.a, s.a)
WHEN MATCHED
   THEN UPDATE SET data = s.b
WHEN NOT MATCHED BY SOURCE
   THEN DELETE;
END;

-- line: 1400
CREATE TABLE ruletest_t1 (x int);

-- line: 1402, from: 15
CREATE VIEW ruletest_v1 WITH (security_invoker=true) AS
    SELECT * FROM ruletest_t1;

-- source: postgresql-18 18.6 src/test/regress/sql/select_parallel.sql
CREATE SCHEMA of_select_parallel; SET LOCAL search_path = of_select_parallel, test_setup, create_misc;

-- line: 24
CREATE VIEW line_24 AS
select round(avg(aa)), sum(aa) from a_star;

-- line: 64
create table part_pa_test(a int, b int) partition by range(a);

-- line: 66
create table part_pa_test_p2 partition of part_pa_test for values from (0) to (maxvalue);

-- line: 176
CREATE VIEW line_176 AS
select * from
  (select count(*) from tenk1 where thousand > 99) ss
  right join (values (1),(2),(3)) v(x) on true;

-- line: 354
CREATE VIEW line_354 AS
select fivethous from tenk1 order by fivethous limit 4;

-- line: 515
CREATE VIEW tenk1_vw_sec WITH (security_barrier) AS SELECT * FROM tenk1;

-- line: 567
CREATE TABLE parallel_hang (i int4);

-- line: 581, from: 14
CREATE PROCEDURE line_581() LANGUAGE sql BEGIN ATOMIC
DELETE FROM parallel_hang WHERE 380 <= i AND i <= 420;
END;

-- source: postgresql-18 18.6 src/test/regress/sql/create_index.sql
CREATE SCHEMA of_create_index; SET LOCAL search_path = of_create_index, test_setup, create_misc;

-- line: 56
CREATE INDEX onek2_u1_prtl ON onek2 USING btree(unique1 int4_ops)
	where unique1 < 20 or unique1 > 980;

-- line: 59
CREATE INDEX onek2_u2_prtl ON onek2 USING btree(unique2 int4_ops)
	where stringu1 < 'B';

-- line: 62
CREATE INDEX onek2_stu1_prtl ON onek2 USING btree(stringu1 name_ops)
	where onek2.stringu1 >= 'J' and onek2.stringu1 < 'K';

-- line: 73
CREATE TABLE fast_emp4000 (
	home_base	 box
);

-- line: 115
CREATE VIEW line_115 AS
SELECT * FROM fast_emp4000
    WHERE home_base <@ '(200,200),(2000,1000)'::box
    ORDER BY (home_base[0])[0];

-- line: 346
CREATE TABLE array_gin_test (a int[]);

-- line: 348, from: 14
CREATE PROCEDURE line_348() LANGUAGE sql BEGIN ATOMIC
INSERT INTO array_gin_test SELECT ARRAY[1, g%5, g] FROM generate_series(1, 10000) g;
END;

-- line: 429
CREATE TABLE func_index_heap (f1 text, f2 text);

-- line: 430
CREATE UNIQUE INDEX func_index_index on func_index_heap (textcat(f1,f2));

-- line: 449
CREATE TABLE func_index_heap_2 (f1 text, f2 text);

-- line: 450
CREATE UNIQUE INDEX func_index_index_2 on func_index_heap_2 ((f1 || f2) text_ops);

-- line: 493
CREATE TABLE concur_heap (f1 text, f2 text);

-- line: 517
CREATE FUNCTION predicate_stable() RETURNS bool IMMUTABLE
LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE 'SELECT txid_current()';
  RETURN true;
END; $$;

-- line: 523
CREATE INDEX concur_index8 ON concur_heap (f1)
  WHERE predicate_stable();

-- line: 656
CREATE TABLE onek_with_null AS SELECT unique1, unique2 FROM onek WITH NO DATA;

-- line: 730
CREATE VIEW line_730 AS
SELECT unique1, unique2 FROM onek_with_null WHERE unique2 >= -1
  ORDER BY unique2 DESC LIMIT 3;

-- line: 898
CREATE VIEW line_898 AS
SELECT thousand, tenthous FROM tenk1
WHERE thousand > 995 and tenthous in (998, 999)
ORDER BY thousand desc;

-- line: 1048
CREATE TABLE concur_reindex_tab (c1 int);

-- line: 1052
ALTER TABLE concur_reindex_tab ADD COLUMN c2 text;

-- line: 1058
CREATE UNIQUE INDEX concur_reindex_ind3 ON concur_reindex_tab(abs(c1));

-- line: 1067
CREATE TABLE concur_reindex_tab3 (c1 int, c2 int4range, EXCLUDE USING gist (c2 WITH &&));

-- line: 1144
CREATE TABLE concur_reindex_part (c1 int, c2 int) PARTITION BY RANGE (c1);

-- line: 1145
CREATE TABLE concur_reindex_part_0 PARTITION OF concur_reindex_part
  FOR VALUES FROM (0) TO (10) PARTITION BY list (c2);

-- line: 1336
CREATE TABLE concur_exprs_tab (c1 int , c2 boolean);

-- line: 1340
CREATE UNIQUE INDEX concur_exprs_index_expr
  ON concur_exprs_tab ((c1::text COLLATE "C"));

-- line: 1342
CREATE UNIQUE INDEX concur_exprs_index_pred ON concur_exprs_tab (c1)
  WHERE (c1::text > 500000000::text COLLATE "C");

-- line: 1344
CREATE UNIQUE INDEX concur_exprs_index_pred_2
  ON concur_exprs_tab ((1 / c1))
  WHERE ('-H') >= (c2::TEXT) COLLATE "C";

-- line: 1436
CREATE TABLE bitmap_split_or (a int NOT NULL, b int NOT NULL, c int NOT NULL);

-- line: 1438, from: 14
CREATE PROCEDURE line_1438() LANGUAGE sql BEGIN ATOMIC
INSERT INTO bitmap_split_or (select i, 2, 2 FROM generate_series(1, 1000) i);
END;

-- source: postgresql-18 18.6 src/test/regress/sql/create_index_spgist.sql
CREATE SCHEMA of_create_index_spgist; SET LOCAL search_path = of_create_index_spgist, test_setup, create_misc;

-- line: 5
CREATE TABLE quad_point_tbl AS
    SELECT point(unique1,unique2) AS p FROM tenk1 WITH NO DATA;

-- line: 8, from: 14
CREATE PROCEDURE line_8() LANGUAGE sql BEGIN ATOMIC
INSERT INTO quad_point_tbl
    SELECT '(333.0,400.0)'::point FROM generate_series(1,1000);
END;

-- line: 55
CREATE TABLE quad_point_tbl_ord_seq1 AS
SELECT row_number() OVER (ORDER BY p <-> '0,0') n, p <-> '0,0' dist, p
FROM quad_point_tbl WITH NO DATA;

-- line: 140
CREATE VIEW line_140 AS
SELECT row_number() OVER (ORDER BY p <-> '0,0') n, p <-> '0,0' dist, p
FROM quad_point_tbl;

-- line: 150
CREATE VIEW line_150 AS
SELECT row_number() OVER (ORDER BY p <-> '0,0') n, p <-> '0,0' dist, p
FROM quad_point_tbl WHERE p <@ box '(200,200,1000,1000)';

-- line: 232
CREATE VIEW line_232 AS
SELECT p, dist FROM quad_point_tbl_ord_seq1 ORDER BY p <-> '0,0' LIMIT 10;

-- source: postgresql-18 18.6 src/test/regress/sql/index_including.sql
CREATE SCHEMA of_index_including; SET LOCAL search_path = of_index_including, test_setup, create_misc;

-- line: 9
CREATE TABLE tbl_include_reg (c1 int, c2 int, c3 int, c4 box);

-- line: 10, from: 14
CREATE PROCEDURE line_10() LANGUAGE sql BEGIN ATOMIC
INSERT INTO tbl_include_reg SELECT x, 2*x, 3*x, box('4,4,4,4') FROM generate_series(1,10) AS x;
END;

-- line: 36
CREATE TABLE tbl_include_pk (c1 int, c2 int, c3 int, c4 box);

-- line: 37, from: 14
CREATE PROCEDURE line_37() LANGUAGE sql BEGIN ATOMIC
INSERT INTO tbl_include_pk SELECT 1, 2*x, 3*x, box('4,4,4,4') FROM generate_series(1,10) AS x;
END;

-- line: 68
CREATE TABLE tbl_2 (c1 int,c2 int, c3 int, c4 box,
				CONSTRAINT covering_2 PRIMARY KEY(c1,c2) INCLUDE(c3,c4));

-- line: 76
CREATE VIEW line_76 AS
select * from tbl_2 where (c1,c2,c3) < (2,5,1);

-- line: 81
CREATE VIEW line_81 AS
select * from tbl_2 where (c1,c2,c3) < (262,1,1) limit 1;

-- line: 105
CREATE TABLE tbl_5 (c1 int,c2 int, c3 int, c4 box,
				EXCLUDE USING btree (c1 WITH =) INCLUDE(c3,c4));

-- line: 153
CREATE TABLE tbl_9 (c1 int, c2 int);

-- line: 154
CREATE INDEX tbl_idx ON tbl_9 (c1, (c1+0)) INCLUDE (c2);

-- line: 224
CREATE TABLE nametbl (c1 int, c2 name, c3 float);

-- line: 231
CREATE VIEW line_231 AS
SELECT c2, c1, c3 FROM nametbl WHERE c2 = 'two' AND c1 = 1;

-- source: postgresql-18 18.6 src/test/regress/sql/index_including_gist.sql
CREATE SCHEMA of_index_including_gist; SET LOCAL search_path = of_index_including_gist, test_setup, create_misc;

-- line: 6
CREATE TABLE tbl_gist (c1 int, c2 int, c3 int, c4 box);

-- line: 8, from: 14
CREATE PROCEDURE line_8() LANGUAGE sql BEGIN ATOMIC
INSERT INTO tbl_gist SELECT x, 2*x, 3*x, box(point(x,x+1),point(2*x,2*x+1)) FROM generate_series(1,8000) AS x;
END;

-- line: 13
CREATE VIEW line_13 AS
SELECT * FROM tbl_gist where c4 <@ box(point(1,1),point(10,10));

-- line: 85
CREATE TABLE tbl_gist_7 (c1 int, c2 int, c3 int, c4 box, EXCLUDE USING gist (c4 WITH &&) INCLUDE (c1, c2, c3));

-- line: 87, from: 14
CREATE PROCEDURE line_87() LANGUAGE sql BEGIN ATOMIC
INSERT INTO tbl_gist_7 SELECT x, 2*x, 3*x, box(point(3*x,2*x),point(3*x+1,2*x+1)) FROM generate_series(1,10) AS x;
END;

-- source: postgresql-18 18.6 src/test/regress/sql/indexing.sql
CREATE SCHEMA of_indexing; SET LOCAL search_path = of_indexing, test_setup, create_misc;

-- line: 48
CREATE TABLE idxpart_4 (a INT, b TEXT, c INT) PARTITION BY RANGE(a);

-- line: 49
CREATE TABLE idxpart1_3 PARTITION OF idxpart_4 FOR VALUES FROM (MINVALUE) TO (MAXVALUE);

-- line: 51, from: 14
CREATE PROCEDURE line_51() LANGUAGE sql BEGIN ATOMIC
INSERT INTO idxpart_4 (a, b, c) SELECT i, i, i FROM generate_series(1, 50) i;
END;

-- line: 118
create table idxpart_8 (a int, b int) partition by range (a, b);

-- line: 119
create table idxpart1_7 partition of idxpart_8 for values from (0, 0) to (10, 10);

-- line: 124
create index idxpart1_tst3 on idxpart1_7 (a, b) where a > 10;

-- line: 195
create table idxpart_11 (a int, b int, c text, d bool) partition by range (a);

-- line: 198
create table idxpart1_10 (like idxpart_11 including indexes);

-- line: 211
create index on idxpart1_10 ((a+b)) where d = true;

-- line: 252
create table idxpart_13 (a int, b int) partition by range (a);

-- line: 258
create index on only idxpart_13 ((a/b));

-- line: 412
create table idxpart_21 (col1 int, a int, col2 int, b int) partition by range (a);

-- line: 421
create index idxpart_2_idx on only idxpart_21 ((b + a)) where a > 1;

-- line: 455
create table idxpart2_12 (col1 int, col2 int, b int, a int);

-- line: 459
create index on idxpart2_12 (abs(b));

-- line: 530
create table idxpart_28 (a int) partition by range (a);

-- line: 531
create table idxpart1pk partition of idxpart_28 (a primary key) for values from (0) to (100);

-- line: 546, from: 17
create table idxpart_30 (a int4range, exclude USING GIST (a with = )) partition by range (a);

-- line: 549, from: 17
create table idxpart_31 (a int4range, b int4range, exclude USING GIST (a with =, b with =)) partition by range (a, b);

-- line: 552, from: 17
create table idxpart_32 (a int4range, b int4range, exclude USING GIST (a with =, b with =)) partition by range (a);

-- line: 559, from: 17
create table idxpart_33 (a int4range, b int4range, exclude USING GIST (a with =, b with &&)) partition by range (a);

-- line: 564, from: 17
create table idxpart_34 (a int4range, b int4range, c int4range, exclude USING GIST (a with =, b with =, c with &&)) partition by range (a, b);

-- line: 588
create table idxpart_37 (a int4range, b int4range) partition by range (a);

-- line: 589, from: 17
alter table idxpart_37 add exclude USING GIST (a with =);

-- line: 592
create table idxpart_38 (a int4range, b int4range) partition by range (a, b);

-- line: 593, from: 17
alter table idxpart_38 add exclude USING GIST (a with =, b with =);

-- line: 608
create table idxpart_42 (a int4range, b int4range) partition by range (a);

-- line: 609, from: 17
alter table idxpart_42 add exclude USING GIST (a with =, b with &&);

-- line: 616
create table idxpart_44 (a int4range, b int4range, c int4range) partition by range (a, b);

-- line: 617, from: 17
alter table idxpart_44 add exclude USING GIST (a with =, b with =, c with &&);

-- line: 621
create table idxpart_45 (a int, b int, primary key (a, b)) partition by range (a, b);

-- line: 623
create table idxpart2_14 partition of idxpart_45 for values from (10, 10) to (20, 20)
  partition by range (b);

-- line: 661
create table idxpart_49 (i int) partition by hash (i);

-- line: 662
create table idxpart0 partition of idxpart_49 (i) for values with (modulus 2, remainder 0);

-- line: 663
create table idxpart1_29 partition of idxpart_49 (i) for values with (modulus 2, remainder 1);

-- line: 760
create table idxpart_56 (a int, b text, primary key (a, b)) partition by range (a);

-- line: 768, from: 14
CREATE PROCEDURE line_768() LANGUAGE sql BEGIN ATOMIC
insert into idxpart_56 select 2^g, format('two to power of %s', g) from generate_series(15, 17) g;
END;

-- line: 774
CREATE VIEW line_774 AS
select tableoid::regclass, * from idxpart_56 order by a;

-- line: 778
create table idxpart_57 (a int, b text, c int[]) partition by range (a);

-- line: 791
CREATE VIEW line_791 AS
select * from idxpart_57 where c @> array[42];

-- line: 985
CREATE VIEW line_985 AS
select array_agg(n) b from generate_series(1, 10000) n;

-- line: 998
create table idx_excl_part (a int4range, b int4range) partition by list (a);

-- line: 999
create table idx_excl_part_1 (a int4range, b int4range);

-- line: 1000
alter table only idx_excl_part attach partition idx_excl_part_1 for values in ('[0,1)'::int4range);

-- line: 1001, from: 17
alter table only idx_excl_part add constraint idxpart_id_data_excl exclude using gist (a with =, b with &&);

-- line: 1002
alter table idx_excl_part_1 add constraint idxpart_1_id_data_excl exclude using gist (a with &&, b with &&);

-- source: postgresql-18 18.6 src/test/regress/sql/btree_index.sql
CREATE SCHEMA of_btree_index; SET LOCAL search_path = of_btree_index, test_setup, create_misc;

-- line: 13
CREATE TABLE bt_name_heap (
	seqno 		name,
	random 		int4
);

-- line: 77
CREATE VIEW line_77 AS
SELECT b.*
   FROM bt_name_heap b
   WHERE b.seqno < '1'::name;

-- line: 228
CREATE VIEW line_228 AS
SELECT thousand, tenthous
  FROM tenk1
  WHERE thousand IN (182, 183) AND tenthous > 7550;

-- line: 273
CREATE VIEW line_273 AS
select thousand from tenk1 where thousand in (364, 366,380) and tenthous = 200000;

-- line: 400
CREATE TABLE delete_test_table (a bigint, b bigint, c bigint, d bigint);

-- line: 401, from: 14
CREATE PROCEDURE line_401() LANGUAGE sql BEGIN ATOMIC
INSERT INTO delete_test_table SELECT i, 1, 2, 3 FROM generate_series(1,80000) i;
END;

-- line: 421
CREATE TABLE btree_test_expr (n int);

-- line: 422, from: 14
CREATE FUNCTION btree_test_func() RETURNS int LANGUAGE sql IMMUTABLE RETURN 0;

-- line: 426, from: 14
CREATE INDEX btree_test_expr_idx ON btree_test_expr USING btree (btree_test_func());

-- source: postgresql-18 18.6 src/test/regress/sql/brin.sql
CREATE SCHEMA of_brin; SET LOCAL search_path = of_brin, test_setup, create_misc;

-- line: 101
CREATE TABLE brinopers (colname name, typ text,
	op text[], value text[], matches int[],
	check (cardinality(op) = cardinality(value)),
	check (cardinality(op) = cardinality(matches)));

-- line: 514
CREATE TABLE brintest_expr (n int);

-- line: 515, from: 14
CREATE FUNCTION brintest_func() RETURNS int LANGUAGE sql IMMUTABLE RETURN 0;

-- line: 519, from: 14
CREATE INDEX brintest_expr_idx ON brintest_expr USING brin (brintest_func());

-- source: postgresql-18 18.6 src/test/regress/sql/brin_multi.sql
CREATE SCHEMA of_brin_multi; SET LOCAL search_path = of_brin_multi, test_setup, create_misc;

-- line: 427
CREATE TABLE brin_test_multi_1 (a INT, b BIGINT) WITH (fillfactor=10);

-- line: 428, from: 14
CREATE PROCEDURE line_428() LANGUAGE sql BEGIN ATOMIC
INSERT INTO brin_test_multi_1
SELECT i/5 + mod(911 * i + 483, 25),
       i/10 + mod(751 * i + 221, 41)
  FROM generate_series(1,1000) s(i);
END;

-- line: 609
CREATE TABLE brin_date_test(a DATE);

-- line: 612, from: 14
CREATE PROCEDURE line_612() LANGUAGE sql BEGIN ATOMIC
INSERT INTO brin_date_test SELECT '4713-01-01 BC'::date + i FROM generate_series(1, 30) s(i);
END;

-- line: 622
CREATE VIEW line_622 AS
SELECT * FROM brin_date_test WHERE a = '2023-01-01'::date;

-- source: postgresql-18 18.6 src/test/regress/sql/gin.sql
CREATE SCHEMA of_gin; SET LOCAL search_path = of_gin, test_setup, create_misc;

-- line: 8
create table gin_test_tbl(i int4[]) with (autovacuum_enabled = off);

-- line: 11, from: 14
CREATE PROCEDURE line_11() LANGUAGE sql BEGIN ATOMIC
insert into gin_test_tbl select array[1, 2, g] from generate_series(1, 20000) g;
END;

-- line: 47
CREATE VIEW line_47 AS
select count(*) > 0 as ok from gin_test_tbl where i @> array[1];

-- line: 55
CREATE table t_gin_test_tbl(i int4[], j int4[]);

-- line: 142, from: 14
CREATE PROCEDURE line_142() LANGUAGE sql BEGIN ATOMIC
insert into t_gin_test_tbl select array[1, g, g/10], array[2, g, g/10]
  from generate_series(1, 20000) g;
END;

-- source: postgresql-18 18.6 src/test/regress/sql/gist.sql
CREATE SCHEMA of_gist; SET LOCAL search_path = of_gist, test_setup, create_misc;

-- line: 7
create table gist_point_tbl(id int4, p point);

-- line: 22, from: 14
CREATE PROCEDURE line_22() LANGUAGE sql BEGIN ATOMIC
insert into gist_point_tbl (id, p)
select g,        point(g*10, g*10) from generate_series(1, 10000) g;
END;

-- line: 29, from: 14
CREATE PROCEDURE line_29() LANGUAGE sql BEGIN ATOMIC
delete from gist_point_tbl where id % 2 = 1;
END;

-- line: 44
create table gist_tbl (b box, p point, c circle);

-- line: 69
CREATE VIEW line_69 AS
select p from gist_tbl where p <@ box(point(0,0), point(0.5, 0.5))
order by p <-> point(0.201, 0.201);

-- line: 134
CREATE VIEW line_134 AS
select p, c from gist_tbl
where p <@ box(point(5,5), point(6, 6));

-- line: 149
create index gist_tbl_multi_index_2 on gist_tbl using gist (circle(p,1), p);

-- line: 158
CREATE VIEW line_158 AS
select p from gist_tbl where circle(p,1) @> circle(point(0,0),0.95);

-- source: postgresql-18 18.6 src/test/regress/sql/spgist.sql
CREATE SCHEMA of_spgist; SET LOCAL search_path = of_spgist, test_setup, create_misc;

-- line: 37
create table spgist_box_tbl(id serial, b box);

-- line: 38, from: 14
CREATE PROCEDURE line_38() LANGUAGE sql BEGIN ATOMIC
insert into spgist_box_tbl(b)
select box(point(i,j),point(i+s,j+s))
  from generate_series(1,100,5) i,
       generate_series(1,100,5) j,
       generate_series(1,10) s;
END;

-- line: 45
CREATE VIEW line_45 AS
select count(*)
  from (values (point(5,5)),(point(8,8)),(point(12,12))) v(p)
 where exists(select * from spgist_box_tbl b where b.b && box(v.p,v.p));

-- line: 53
create table spgist_text_tbl(id int4, t text);

-- line: 64, from: 14
CREATE PROCEDURE line_64() LANGUAGE sql BEGIN ATOMIC
insert into spgist_text_tbl (id, t)
select -g, 'f' || repeat('o', 100-g) || 'surprise' from generate_series(1, 100) g;
END;

-- source: postgresql-18 18.6 src/test/regress/sql/hash_index.sql
CREATE SCHEMA of_hash_index; SET LOCAL search_path = of_hash_index, test_setup, create_misc;

-- line: 8
CREATE TABLE hash_i4_heap (
	seqno 		int4,
	random 		int4
);

-- line: 13
CREATE TABLE hash_name_heap (
	seqno 		int4,
	random 		name
);

-- line: 18
CREATE TABLE hash_txt_heap (
	seqno 		int4,
	random 		text
);

-- line: 23
CREATE TABLE hash_f8_heap (
	seqno		int4,
	random 		float8
);

-- line: 56
CREATE INDEX hash_i4_partial_index ON hash_i4_heap USING hash (seqno)
  WHERE seqno = 9999;

-- line: 64
create unique index hash_f8_index_2 on hash_f8_heap((seqno + 1), random);

-- line: 85
CREATE VIEW line_85 AS
SELECT * FROM hash_name_heap
   WHERE hash_name_heap.random = '1505703298'::name;

-- line: 99
CREATE VIEW line_99 AS
SELECT * FROM hash_txt_heap
   WHERE hash_txt_heap.random = '1351610853'::text;

-- line: 166, from: 14
CREATE PROCEDURE line_166() LANGUAGE sql BEGIN ATOMIC
UPDATE hash_name_heap
   SET random = '0123456789abcdef'::name
   WHERE hash_name_heap.seqno = 6543;
END;

-- line: 170
CREATE VIEW line_170 AS
SELECT h.seqno AS i6543, h.random AS c0_to_f
   FROM hash_name_heap h
   WHERE h.random = '0123456789abcdef'::name;

-- line: 193, from: 14
CREATE PROCEDURE line_193() LANGUAGE sql BEGIN ATOMIC
UPDATE hash_txt_heap
   SET seqno = 20000
   WHERE hash_txt_heap.random = '959363399'::text;
END;

-- source: postgresql-18 18.6 src/test/regress/sql/collate.sql
CREATE SCHEMA of_collate; SET LOCAL search_path = of_collate, test_setup, create_misc;

-- line: 16
CREATE TABLE collate_test1 (
    a int,
    b text COLLATE "C" NOT NULL
);

-- line: 34
CREATE TABLE collate_test2 (
    a int,
    b text COLLATE "POSIX"
);

-- line: 42
CREATE VIEW line_42 AS
SELECT * FROM collate_test1 WHERE b COLLATE "C" >= 'abc';

-- line: 67
CREATE VIEW line_67 AS
SELECT a, b FROM collate_test1 ORDER BY b COLLATE "C";

-- line: 79
CREATE TABLE collate_test10 (
    a int,
    x text COLLATE "C",
    y text COLLATE "POSIX"
);

-- line: 87
CREATE VIEW line_87 (c1, c2, c3, c4, c5, c6, c7) AS
SELECT a, lower(x), lower(y), upper(x), upper(y), initcap(x), initcap(y) FROM collate_test10;

-- line: 94
CREATE VIEW collview1 AS SELECT * FROM collate_test1 WHERE b COLLATE "C" >= 'bbc';

-- line: 95
CREATE VIEW collview2 AS SELECT a, b FROM collate_test1 ORDER BY b COLLATE "C";

-- line: 96
CREATE VIEW collview3 AS SELECT a, lower((x || x) COLLATE "POSIX") FROM collate_test10;

-- line: 104
CREATE VIEW line_104 AS
SELECT a, coalesce(b, 'foo') FROM collate_test1 ORDER BY 2;

-- line: 110
CREATE VIEW line_110 (c1, c2, c3, c4, c5) AS
SELECT a, x, y, lower(greatest(x, 'foo')), lower(greatest(y, 'foo')) FROM collate_test10;

-- line: 116
CREATE VIEW line_116 AS
SELECT a, CASE b WHEN 'abc' THEN 'abcd' ELSE b END FROM collate_test1 ORDER BY 2;

-- line: 133
CREATE VIEW line_133 AS
SELECT array_agg(x COLLATE "C" ORDER BY y COLLATE "POSIX") FROM collate_test10;

-- line: 138
CREATE VIEW line_138 AS
SELECT a, b FROM collate_test2 UNION SELECT a, b FROM collate_test2 ORDER BY 2;

-- line: 145
CREATE VIEW line_145 AS
SELECT a, b COLLATE "C" FROM collate_test1 UNION SELECT a, b FROM collate_test2 ORDER BY 2;

-- line: 169
CREATE VIEW line_169 AS
SELECT * FROM collate_test10 WHERE (x COLLATE "POSIX", y COLLATE "C") NOT IN (SELECT y, x FROM collate_test10);

-- line: 182
CREATE FUNCTION vc (text) RETURNS text LANGUAGE sql
    AS 'select $1::varchar';

-- line: 185
CREATE VIEW line_185 AS
SELECT a, b FROM collate_test1 ORDER BY a, vc(b);

-- line: 204
CREATE INDEX collate_test1_idx3 ON collate_test1 ((b COLLATE "POSIX"));

-- line: 205
CREATE INDEX collate_test1_idx4 ON collate_test1 (((b||'foo') COLLATE "POSIX"));

-- line: 241
CREATE VIEW line_241 AS
SELECT * FROM collate_test10 ORDER BY x DESC, y COLLATE "C" ASC NULLS FIRST;

-- line: 278
CREATE VIEW collate_on_int AS
SELECT c1+1 AS c1p FROM
  (SELECT ('4' COLLATE "C")::INT AS c1) ss;

-- source: postgresql-18 18.6 src/test/regress/sql/collate.utf8.sql
CREATE SCHEMA of_collate_utf8; SET LOCAL search_path = of_collate_utf8, test_setup, create_misc;

-- line: 7
CREATE VIEW line_7 AS
SELECT getdatabaseencoding() <> 'UTF8' AS skip_test;

-- line: 70, from: 17
CREATE VIEW line_70 AS
SELECT 'xyz' ~ '[[:alnum:]]' COLLATE PG_C_UTF8;

-- line: 120, from: 18
CREATE VIEW line_120 AS
SELECT lower('ΑΣ' COLLATE PG_UNICODE_FAST);

-- source: postgresql-18 18.6 src/test/regress/sql/domain.sql
CREATE SCHEMA of_domain; SET LOCAL search_path = of_domain, test_setup, create_misc;

-- line: 39
create domain domainvarchar varchar(5);

-- line: 45
CREATE VIEW line_45 AS
SELECT cast('123456' as domainvarchar);

-- line: 88
create domain positiveint int4 check(value > 0);

-- line: 89
create domain weirdfloat float8 check((1 / value) < 10);

-- line: 107
create domain domainint4arr int4[1];

-- line: 108
create domain domainchar4arr varchar(4)[2][3];

-- line: 110
create table domarrtest
           ( testint4arr domainint4arr
           , testchar4arr domainchar4arr
            );

-- line: 136, from: 14
CREATE PROCEDURE line_136() LANGUAGE sql BEGIN ATOMIC
update domarrtest set
  testint4arr[1] = testint4arr[1] + 1,
  testint4arr[3] = testint4arr[3] - 1
where testchar4arr is null;
END;

-- line: 157
create type comptype as (r float8, i float8);

-- line: 158
create domain dcomptype as comptype;

-- line: 159
create table dcomptable (d1 dcomptype unique);

-- line: 171
alter domain dcomptype add constraint c1 check ((value).r <= (value).i);

-- line: 174
CREATE VIEW line_174 AS
select row(2,1)::dcomptype;

-- line: 181, from: 14
CREATE PROCEDURE line_181() LANGUAGE sql BEGIN ATOMIC
update dcomptable set d1.r = (d1).r - 1, d1.i = (d1).i + 1 where (d1).i > 0;
END;

-- line: 186
create rule silly as on delete to dcomptable do instead
  update dcomptable set d1.r = (d1).r - 1, d1.i = (d1).i + 1 where (d1).i > 0;

-- line: 204
create type comptype_2 as (r float8, i float8);

-- line: 205
create domain dcomptype_2 as comptype_2;

-- line: 206
alter domain dcomptype_2 add constraint c1 check ((value).r > 0);

-- line: 225
create type comptype_3 as (r float8, i float8);

-- line: 226
create domain dcomptypea as comptype_3[];

-- line: 227
create table dcomptable_2 (d1 dcomptypea unique);

-- line: 243
alter domain dcomptypea add constraint c1 check (value[1].r <= value[1].i);

-- line: 260
create rule silly as on delete to dcomptable_2 do instead
  update dcomptable_2 set d1[1].r = d1[1].r - 1, d1[1].i = d1[1].i + 1
    where d1[1].i > 0;

-- line: 314
create type comptype_4 as (cf1 int, cf2 int);

-- line: 315
create domain dcomptype_3 as comptype_4 check ((value).cf1 > 0);

-- line: 335
create domain dnotnull varchar(15) NOT NULL;

-- line: 336
create domain dnull    varchar(15);

-- line: 337
create domain dcheck   varchar(15) NOT NULL CHECK (VALUE = 'a' OR VALUE = 'c' OR VALUE = 'd');

-- line: 339
create table nulltest
           ( col1 dnotnull
           , col2 dnotnull NULL
           , col3 dnull    NOT NULL
           , col4 dnull
           , col5 dcheck CHECK (col5 IN ('c', 'd'))
           );

-- line: 374
CREATE VIEW line_374 AS
SELECT cast('1' as dnotnull);

-- line: 386
create domain ddef1 int4 DEFAULT 3;

-- line: 387
create domain ddef2 oid DEFAULT '12';

-- line: 389
create domain ddef3 text DEFAULT 5;

-- line: 390
create sequence ddef4_seq;

-- line: 391
create domain ddef4 int4 DEFAULT nextval('ddef4_seq');

-- line: 392
create domain ddef5 numeric(8,2) NOT NULL DEFAULT '12.12';

-- line: 394
create table defaulttest
            ( col1 ddef1
            , col2 ddef2
            , col3 ddef3
            , col4 ddef4 PRIMARY KEY
            , col5 ddef1 NOT NULL DEFAULT NULL
            , col6 ddef2 DEFAULT '88'
            , col7 ddef4 DEFAULT 8000
            , col8 ddef5
            );

-- line: 424
create domain dnotnulltest integer;

-- line: 449, from: 17
alter domain dnotnulltest add constraint dnotnulltest_notnull not null;

-- line: 465
alter domain ddef1 set default '42';

-- line: 476
create domain con as integer;

-- line: 481
alter domain con add constraint t check (VALUE < 1);

-- line: 500
create domain connotnull integer;

-- line: 507, from: 17
alter domain connotnull add not null;

-- line: 531
create domain things AS INT;

-- line: 534
ALTER DOMAIN things ADD CONSTRAINT meow CHECK (VALUE < 11);

-- line: 535
ALTER DOMAIN things ADD CONSTRAINT meow_2 CHECK (VALUE < 11) NOT VALID;

-- line: 541
create table domtab (col1 integer);

-- line: 542
create domain dom as integer;

-- line: 543
create view domview as select cast(col1 as dom) from domtab;

-- line: 554
alter domain dom add constraint domchkgt6 check(value > 6);

-- line: 569
create domain vchar4 varchar(4);

-- line: 570
create domain dinter vchar4 check (substring(VALUE, 1, 1) = 'x');

-- line: 571
create domain dtop dinter check (substring(VALUE, 2, 1) = '1');

-- line: 608
create domain str_domain2 as text check (value <> 'foo') default 'foo';

-- line: 615
create domain pos_int as int4 check (value > 0) not null;

-- line: 656
create domain posint_2 as int4;

-- line: 697
create domain posint2 as posint_2 check (value % 2 = 0);

-- line: 757
create domain orderedpair as int[2] check (value[1] < value[2]);

-- line: 787
create domain di as int;

-- line: 799
alter domain di add constraint pos check (value > 0);

-- line: 836
create function sql_is_distinct_from(anyelement, anyelement)
returns boolean language sql
as 'select $1 is distinct from $2 limit 1';

-- line: 840
create domain inotnull int
  check (sql_is_distinct_from(value, null));

-- source: postgresql-18 18.6 src/test/regress/sql/constraints.sql
CREATE SCHEMA of_constraints; SET LOCAL search_path = of_constraints, test_setup, create_misc;

-- line: 19
CREATE TABLE DEFAULT_TBL (i int DEFAULT 100,
	x text DEFAULT 'vadim', f float8 DEFAULT 123.456);

-- line: 30
CREATE SEQUENCE DEFAULT_SEQ;

-- line: 32
CREATE TABLE DEFAULTEXPR_TBL (i1 int DEFAULT 100 + (200-199) * 2,
	i2 int DEFAULT nextval('default_seq'));

-- line: 50
CREATE TABLE error_tbl (b1 bool DEFAULT (1 IN (1, 2)));

-- line: 58
CREATE TABLE CHECK_TBL (x int,
	CONSTRAINT CHECK_CON CHECK (x > 3));

-- line: 70, from: 18
CREATE TABLE NE_CHECK_TBL (x int,
	CONSTRAINT CHECK_CON CHECK (x > 3) NOT ENFORCED);

-- line: 84
CREATE TABLE CHECK2_TBL (x int, y text, z int,
	CONSTRAINT SEQUENCE_CON
	CHECK (x > 3 and y <> 'check failed' and z < 8));

-- line: 101
CREATE SEQUENCE INSERT_SEQ;

-- line: 114
CREATE VIEW line_114 AS
SELECT 'one' AS one, nextval('insert_seq');

-- line: 150
CREATE TABLE SYS_COL_CHECK_TBL (city text, state text, is_capital bool,
                  altitude int,
                  CHECK (NOT (is_capital AND tableoid::regclass::text = 'sys_col_check_tbl')));

-- line: 157
CREATE VIEW line_157 AS
SELECT *, tableoid::regclass::text FROM SYS_COL_CHECK_TBL;

-- line: 189
CREATE TABLE ATACC1 (TEST INT
	CHECK (TEST > 0) NO INHERIT);

-- line: 304
CREATE TABLE UNIQUE_TBL (i int UNIQUE, t text);

-- line: 317, from: 14
CREATE PROCEDURE line_317() LANGUAGE sql BEGIN ATOMIC
INSERT INTO UNIQUE_TBL VALUES (1, 'a'), (2, 'b'), (2, 'b') ON CONFLICT (i) DO UPDATE SET t = 'fails';
END;

-- line: 448
CREATE TABLE parted_fk_naming (
    id bigint NOT NULL default 1,
    id_abc bigint,
    CONSTRAINT dummy_constr FOREIGN KEY (id_abc)
        REFERENCES parted_fk_naming (id),
    PRIMARY KEY (id)
)
PARTITION BY LIST (id);

-- line: 456
CREATE TABLE parted_fk_naming_1 (
    id bigint NOT NULL default 1,
    id_abc bigint,
    PRIMARY KEY (id),
    CONSTRAINT dummy_constr CHECK (true)
);

-- line: 471
CREATE TABLE t (a integer, b integer) PARTITION BY HASH (a, b);

-- line: 472
CREATE TABLE tp (a integer, b integer, PRIMARY KEY (a, b), UNIQUE (b, a));

-- line: 473
ALTER TABLE t ATTACH PARTITION tp FOR VALUES WITH (MODULUS 1, REMAINDER 0);

-- line: 549
CREATE TABLE circles (
  c1 CIRCLE,
  c2 TEXT,
  EXCLUDE USING gist
    (c1 WITH &&, (c2::circle) WITH &&)
    WHERE (circle_center(c1) <> '(0,0)')
);

-- line: 566, from: 14
CREATE PROCEDURE line_566() LANGUAGE sql BEGIN ATOMIC
INSERT INTO circles VALUES('<(20,20), 10>', '<(0,0), 4>')
  ON CONFLICT ON CONSTRAINT circles_c1_c2_excl DO NOTHING;
END;

-- line: 577
ALTER TABLE circles ADD EXCLUDE USING gist
  (c1 WITH &&, (c2::circle) WITH &&);

-- line: 587
CREATE TABLE deferred_excl (
  f1 int,
  f2 int,
  CONSTRAINT deferred_excl_con EXCLUDE (f1 WITH =) INITIALLY DEFERRED
);

-- line: 619
ALTER TABLE deferred_excl ADD EXCLUDE (f1 WITH =);

-- line: 810
CREATE TABLE notnull_tbl6_2 (a int CONSTRAINT ann NOT NULL,
	b int CONSTRAINT bnn NOT NULL, check (a > 0)) PARTITION BY LIST (a);

-- line: 825
CREATE TABLE notnull_tbl1_3 (a int, b int);

-- line: 827, from: 18
ALTER TABLE notnull_tbl1_3 ADD CONSTRAINT nn NOT NULL a;

-- line: 828, from: 18
ALTER TABLE notnull_tbl1_3 ADD CONSTRAINT nn NOT NULL a NOT VALID;

-- line: 835, from: 18
ALTER TABLE notnull_tbl1_3 ADD CONSTRAINT nn NOT NULL a;

-- line: 838
ALTER TABLE notnull_tbl1_3 ADD PRIMARY KEY (a);

-- line: 841
ALTER TABLE notnull_tbl1_3 ALTER COLUMN a ADD GENERATED ALWAYS AS IDENTITY;

-- line: 864
ALTER TABLE notnull_tbl1_3 ADD column d float8 default random();

-- line: 924
CREATE TABLE notnull_tbl1_7 (a int, b int) PARTITION BY LIST (a);

-- line: 925, from: 18
ALTER TABLE notnull_tbl1_7 ADD CONSTRAINT notnull_con NOT NULL a NOT VALID;

-- line: 927, from: 18
CREATE TABLE notnull_tbl1_2_2(a int, CONSTRAINT nn2 NOT NULL a, b int);

-- line: 928, from: 18
ALTER TABLE notnull_tbl1_7 ATTACH PARTITION notnull_tbl1_2_2 FOR VALUES IN (3,4);

-- line: 955
CREATE TABLE pp_nn_2 (a int) PARTITION BY HASH (a);

-- line: 956
CREATE TABLE pp_nn_1_2 PARTITION OF pp_nn_2 FOR VALUES WITH (MODULUS 2, REMAINDER 0);

-- line: 1024
CREATE TABLE constraint_comments_tbl (a int CONSTRAINT the_constraint CHECK (a > 0));

-- line: 1056
CREATE DOMAIN constraint_comments_dom_2 AS int;

-- line: 1058
ALTER DOMAIN constraint_comments_dom_2 ADD CONSTRAINT inv_ck CHECK (value > 0) NOT VALID;

-- source: postgresql-18 18.6 src/test/regress/sql/foreign_key.sql
CREATE SCHEMA of_foreign_key; SET LOCAL search_path = of_foreign_key, test_setup, create_misc;

-- line: 1077
CREATE TABLE users (
  id INT PRIMARY KEY,
  name VARCHAR NOT NULL
);

-- line: 1086
CREATE TABLE tasks (
  id INT PRIMARY KEY,
  owner INT REFERENCES users ON UPDATE CASCADE ON DELETE SET NULL,
  worker INT REFERENCES users ON UPDATE CASCADE ON DELETE SET NULL,
  checked_by INT REFERENCES users ON UPDATE CASCADE ON DELETE SET NULL
);

-- line: 1109, from: 14
CREATE PROCEDURE line_1109() LANGUAGE sql BEGIN ATOMIC
UPDATE tasks set id=id WHERE id=2;
END;

-- line: 1140
CREATE table defp (f1 int primary key);

-- line: 1141
CREATE table defc (f1 int default 0
                        references defp on delete set default);

-- line: 1290
CREATE TABLE fk_partitioned_fk_3 (fdrop1 int, fdrop2 int, fdrop3 int, fdrop4 int, b int, a int)
  PARTITION BY HASH (a);

-- line: 1294
CREATE TABLE fk_partitioned_fk_3_0 PARTITION OF fk_partitioned_fk_3 FOR VALUES WITH (MODULUS 5, REMAINDER 0);

-- line: 1295
CREATE TABLE fk_partitioned_fk_3_1 PARTITION OF fk_partitioned_fk_3 FOR VALUES WITH (MODULUS 5, REMAINDER 1);

-- line: 1367
CREATE TABLE fk_notpartitioned_pk_2 (a INT, PRIMARY KEY(a), CHECK (a > 0));

-- line: 1471
CREATE TABLE fk_notpartitioned_pk_4 (a int, b int, primary key (a, b));

-- line: 1472
CREATE TABLE fk_partitioned_fk_6 (a int default 2501, b int default 142857) PARTITION BY LIST (a);

-- line: 1473
CREATE TABLE fk_partitioned_fk_1_4 PARTITION OF fk_partitioned_fk_6 FOR VALUES IN (NULL,500,501,502);

-- line: 1474
ALTER TABLE fk_partitioned_fk_6 ADD FOREIGN KEY (a, b)
  REFERENCES fk_notpartitioned_pk_4 MATCH SIMPLE
  ON DELETE SET NULL ON UPDATE SET NULL;

-- line: 1478
CREATE TABLE fk_partitioned_fk_3_3 (a int, b int);

-- line: 1479
ALTER TABLE fk_partitioned_fk_6 ATTACH PARTITION fk_partitioned_fk_3_3 FOR VALUES IN (2500,2501,2502,2503);

-- line: 1505
CREATE VIEW line_1505 AS
SELECT tableoid::regclass, a, b FROM fk_partitioned_fk_6 WHERE b IS NULL ORDER BY a;

-- line: 1517
ALTER TABLE fk_partitioned_fk_6 ADD FOREIGN KEY (a, b)
  REFERENCES fk_notpartitioned_pk_4
  ON DELETE SET DEFAULT ON UPDATE SET DEFAULT;

-- line: 1532, from: 15
ALTER TABLE fk_partitioned_fk_6 ADD FOREIGN KEY (a, b)
  REFERENCES fk_notpartitioned_pk_4
  ON DELETE SET NULL (a);

-- line: 1537
CREATE VIEW line_1537 AS
SELECT * FROM fk_partitioned_fk_6 WHERE a IS NOT NULL OR b IS NOT NULL ORDER BY a NULLS LAST;

-- line: 1711
CREATE TABLE parted_self_fk (
    id bigint NOT NULL PRIMARY KEY,
    id_abc bigint,
    FOREIGN KEY (id_abc) REFERENCES parted_self_fk(id)
)
PARTITION BY RANGE (id);

-- line: 1737, from: 14
CREATE PROCEDURE line_1737() LANGUAGE sql BEGIN ATOMIC
INSERT INTO parted_self_fk VALUES (10, 1), (11, 2), (12, 3) RETURNING tableoid::regclass;
END;

-- line: 2019
CREATE TABLE pk_3 (a int PRIMARY KEY) PARTITION BY LIST (a);

-- line: 2020
CREATE TABLE pk1_3 PARTITION OF pk_3 FOR VALUES IN (1, 2) PARTITION BY LIST (a);

-- line: 2119
CREATE TABLE pk_4 (a int PRIMARY KEY) PARTITION BY RANGE (a);

-- line: 2153
CREATE TABLE fk_6 (id int, a int DEFAULT 50) PARTITION BY RANGE (a);

-- line: 2167
CREATE TABLE fk_7 (a int DEFAULT 50) PARTITION BY RANGE (a);

-- line: 2331
CREATE VIEW line_2331 AS
SELECT tableoid::pg_catalog.regclass, * FROM pk_4;

-- source: postgresql-18 18.6 src/test/regress/sql/identity.sql
CREATE SCHEMA of_identity; SET LOCAL search_path = of_identity, test_setup, create_misc;

-- line: 5
CREATE TABLE itest1 (a int generated by default as identity, b text);

-- line: 121, from: 14
CREATE PROCEDURE line_121() LANGUAGE sql BEGIN ATOMIC
UPDATE itest1 SET a = DEFAULT WHERE a = 2;
END;

-- line: 356
CREATE TABLE pitest1 (f1 date NOT NULL, f2 text, f3 bigint generated always as identity) PARTITION BY RANGE (f1);

-- line: 372
CREATE VIEW line_372 AS
SELECT tableoid::regclass, f1, f2, f3 FROM pitest1;

-- line: 375
CREATE VIEW line_375 AS
SELECT tableoid::regclass, f1, f2, f3, pg_typeof(f3) FROM pitest1;

-- line: 488
CREATE TABLE itest15_3 (a int GENERATED ALWAYS AS IDENTITY, b text);

-- line: 504, from: 15
CREATE PROCEDURE line_504() LANGUAGE sql BEGIN ATOMIC
MERGE INTO itest15_3 t
USING (SELECT 30 AS s_a, 'inserted by merge' AS s_b) s
ON t.a = s.s_a
WHEN NOT MATCHED THEN
	INSERT (a, b) OVERRIDING SYSTEM VALUE VALUES (s.s_a, s.s_b);
END;

-- source: postgresql-18 18.6 src/test/regress/sql/generated_stored.sql
CREATE SCHEMA of_generated_stored; SET LOCAL search_path = of_generated_stored, test_setup, create_misc;

-- line: 8
CREATE TABLE gtest0 (a int PRIMARY KEY, b int GENERATED ALWAYS AS (55) STORED);

-- line: 9
CREATE TABLE gtest1 (a int PRIMARY KEY, b int GENERATED ALWAYS AS (a * 2) STORED);

-- line: 33
CREATE TABLE gtest2 (a int, b text GENERATED ALWAYS AS (a || ' sec') STORED);

-- line: 63
CREATE VIEW line_63 AS
SELECT a, (SELECT gtest1.b) FROM gtest1 ORDER BY a;

-- line: 72
CREATE VIEW line_72 AS
SELECT a, b FROM gtest1 WHERE b = 4 ORDER BY a;

-- line: 93
CREATE TABLE gtestm (
  id int PRIMARY KEY,
  f1 int,
  f2 int,
  f3 int GENERATED ALWAYS AS (f1 * 2) STORED,
  f4 int GENERATED ALWAYS AS (f2 * 2) STORED
);

-- line: 101, from: 18
CREATE PROCEDURE line_101() LANGUAGE sql BEGIN ATOMIC
MERGE INTO gtestm t USING (VALUES (1, 10), (2, 20)) v(id, f1) ON t.id = v.id
  WHEN MATCHED THEN UPDATE SET f1 = v.f1
  WHEN NOT MATCHED THEN INSERT VALUES (v.id, v.f1, 200)
  RETURNING merge_action(), old.*, new.*;
END;

-- line: 108
CREATE TABLE gtestm_2 (
  a int PRIMARY KEY,
  b int GENERATED ALWAYS AS (a * 2) STORED
);

-- line: 112, from: 14
CREATE PROCEDURE line_112() LANGUAGE sql BEGIN ATOMIC
INSERT INTO gtestm_2 (a) SELECT g FROM generate_series(1, 10) g;
END;

-- line: 156, from: 16
CREATE TABLE gtestx_2 (x int, b int GENERATED ALWAYS AS (a * 22) STORED) INHERITS (gtest1);

-- line: 164
CREATE TABLE gtestxx_3 (a int NOT NULL, b int GENERATED ALWAYS AS (a * 2) STORED);

-- line: 178
CREATE TABLE gtesty_3 (x int, b int GENERATED ALWAYS AS (x * 22) STORED);

-- line: 180, from: 16
CREATE TABLE gtest1_y (b int GENERATED ALWAYS AS (x + 1) STORED) INHERITS (gtest1, gtesty_3);

-- line: 184
CREATE TABLE gtestp (f1 int);

-- line: 185
CREATE TABLE gtestc (f2 int GENERATED ALWAYS AS (f1+1) STORED) INHERITS(gtestp);

-- line: 193
CREATE TABLE gtest3 (a int, b int GENERATED ALWAYS AS (a * 3) STORED);

-- line: 199
CREATE TABLE gtest3a (a text, b text GENERATED ALWAYS AS (a || '+' || a) STORED);

-- line: 247
CREATE TABLE gtest2_2 (a int PRIMARY KEY, b int GENERATED ALWAYS AS (NULL) STORED);

-- line: 259
CREATE TYPE double_int as (a int, b int);

-- line: 260
CREATE TABLE gtest4 (
    a int,
    b double_int GENERATED ALWAYS AS ((a * 2, a * 3)) STORED
);

-- line: 271
CREATE TABLE gtest_tableoid (
  a int PRIMARY KEY,
  b bool GENERATED ALWAYS AS (tableoid = 'gtest_tableoid'::regclass) STORED
);

-- line: 281
CREATE TABLE gtest10 (a int PRIMARY KEY, b int, c int GENERATED ALWAYS AS (b * 2) STORED);

-- line: 298
CREATE FUNCTION gf1(a int) RETURNS int AS $$ SELECT a * 3 $$ IMMUTABLE LANGUAGE SQL;

-- line: 301
CREATE TABLE gtest12 (a int PRIMARY KEY, b int, c int GENERATED ALWAYS AS (gf1(b)) STORED);

-- line: 308
CREATE VIEW line_308 AS
SELECT gf1(10);

-- line: 319
CREATE TABLE gtest20 (a int PRIMARY KEY, b int GENERATED ALWAYS AS (a * 2) STORED CHECK (b < 50));

-- line: 326
CREATE TABLE gtest20a (a int PRIMARY KEY, b int GENERATED ALWAYS AS (a * 2) STORED);

-- line: 331
ALTER TABLE gtest20a ADD COLUMN c float8 DEFAULT random() CHECK (b < 50);

-- line: 334
CREATE TABLE gtest20b (a int PRIMARY KEY, b int GENERATED ALWAYS AS (a * 2) STORED);

-- line: 337
ALTER TABLE gtest20b ADD CONSTRAINT chk CHECK (b < 50) NOT VALID;

-- line: 347
CREATE TABLE gtest21a (a int PRIMARY KEY, b int GENERATED ALWAYS AS (nullif(a, 0)) STORED NOT NULL);

-- line: 351
CREATE TABLE gtest21b (a int PRIMARY KEY, b int GENERATED ALWAYS AS (nullif(a, 0)) STORED);

-- line: 359
CREATE TABLE gtest22a (a int PRIMARY KEY, b int GENERATED ALWAYS AS (a / 2) STORED UNIQUE);

-- line: 396
CREATE TABLE gtest23a (x int PRIMARY KEY, y int);

-- line: 402
CREATE TABLE gtest23b (a int PRIMARY KEY, b int GENERATED ALWAYS AS (a * 2) STORED REFERENCES gtest23a (x));

-- line: 413
CREATE TABLE gtest23p (x int, y int GENERATED ALWAYS AS (x * 2) STORED, PRIMARY KEY (y));

-- line: 421
CREATE DOMAIN gtestdomain1 AS int CHECK (VALUE < 10);

-- line: 425
CREATE TYPE gtestdomain1range AS range (subtype = gtestdomain1);

-- line: 426
CREATE TABLE gtest24r (a int PRIMARY KEY, b gtestdomain1range GENERATED ALWAYS AS (gtestdomain1range(a, a + 5)) STORED);

-- line: 430
CREATE DOMAIN gtestdomainnn AS int CHECK (VALUE IS NOT NULL);

-- line: 431
CREATE TABLE gtest24nn (a int, b gtestdomainnn GENERATED ALWAYS AS (a * 2) STORED);

-- line: 449
CREATE TABLE gtest_parent_2 (f1 date NOT NULL, f2 bigint, f3 bigint GENERATED ALWAYS AS (f2 * 2) STORED) PARTITION BY RANGE (f1);

-- line: 452, from: 16
CREATE TABLE gtest_child2 PARTITION OF gtest_parent_2 (
    f3 WITH OPTIONS GENERATED ALWAYS AS (f2 * 22) STORED
) FOR VALUES FROM ('2016-08-01') TO ('2016-09-01');

-- line: 473, from: 18
CREATE TABLE gtest_child3_4 (f1 date NOT NULL, f2 bigint, f3 bigint GENERATED ALWAYS AS (f2 * 33) VIRTUAL);

-- line: 492, from: 17
ALTER TABLE ONLY gtest_parent_2 ALTER COLUMN f3 SET EXPRESSION AS (f2 * 4);

-- line: 517
CREATE TABLE gtest25 (a int PRIMARY KEY);

-- line: 519, from: 17
ALTER TABLE gtest25 ADD COLUMN b int GENERATED ALWAYS AS (a * 2) STORED, ALTER COLUMN b SET EXPRESSION AS (a * 3);

-- line: 523
ALTER TABLE gtest25 ADD COLUMN c int DEFAULT 42,
  ADD COLUMN x int GENERATED ALWAYS AS (c * 4) STORED;

-- line: 525
ALTER TABLE gtest25 ADD COLUMN d int DEFAULT 101;

-- line: 526
ALTER TABLE gtest25 ALTER COLUMN d SET DATA TYPE float8,
  ADD COLUMN y float8 GENERATED ALWAYS AS (d * 4) STORED;

-- line: 611
CREATE TABLE gtest_root (a int, b int, c int GENERATED ALWAYS AS (a + b) STORED) PARTITION BY LIST (a);

-- line: 621
CREATE TABLE gtest31_1 (a int, b text GENERATED ALWAYS AS ('hello') STORED, c text);

-- line: 622
CREATE TABLE gtest31_2 (x int, y gtest31_1);

-- line: 626
ALTER TABLE gtest31_2 ADD CONSTRAINT cc CHECK ((y).b IS NOT NULL);

-- line: 634
CREATE INDEX gtest31_2_y_idx ON gtest31_2(((y).b));

-- line: 640
CREATE TABLE gtest31_1_2 (a int, b text GENERATED ALWAYS AS ('hello') STORED, c text) PARTITION BY LIST (a);

-- line: 646
CREATE TABLE gtest26 (
    a int PRIMARY KEY,
    b int GENERATED ALWAYS AS (a * 2) STORED
);

-- line: 651
CREATE FUNCTION gtest_trigger_func() RETURNS trigger
  LANGUAGE plpgsql
AS $$
BEGIN
  IF tg_op IN ('DELETE', 'UPDATE') THEN
    RAISE INFO '%: %: old = %', TG_NAME, TG_WHEN, OLD;
  END IF;
  IF tg_op IN ('INSERT', 'UPDATE') THEN
    RAISE INFO '%: %: new = %', TG_NAME, TG_WHEN, NEW;
  END IF;
  IF tg_op = 'DELETE' THEN
    RETURN OLD;
  ELSE
    RETURN NEW;
  END IF;
END
$$;

-- line: 684
CREATE TRIGGER gtest2_2 BEFORE INSERT ON gtest26
  FOR EACH ROW
  WHEN (NEW.a < 0)
  EXECUTE PROCEDURE gtest_trigger_func();

-- line: 689
CREATE TRIGGER gtest3 AFTER DELETE OR UPDATE ON gtest26
  FOR EACH ROW
  WHEN (OLD.b < 0)
  EXECUTE PROCEDURE gtest_trigger_func();

-- line: 694
CREATE TRIGGER gtest4 AFTER INSERT OR UPDATE ON gtest26
  FOR EACH ROW
  WHEN (NEW.b < 0)
  EXECUTE PROCEDURE gtest_trigger_func();

-- line: 775
CREATE TABLE gtest_rule (a int, b int GENERATED ALWAYS AS (a * 2) STORED);

-- line: 776
CREATE TABLE gtest_rule_log (op text, old_b int, new_b int);

-- line: 777
CREATE RULE gtest_rule_upd AS ON UPDATE TO gtest_rule
  DO ALSO INSERT INTO gtest_rule_log VALUES ('UPD', OLD.b, NEW.b);

-- line: 779
CREATE RULE gtest_rule_ins AS ON INSERT TO gtest_rule
  DO ALSO INSERT INTO gtest_rule_log VALUES ('INS', NULL, NEW.b);

-- source: postgresql-18 18.6 src/test/regress/sql/generated_virtual.sql
CREATE SCHEMA of_generated_virtual; SET LOCAL search_path = of_generated_virtual, test_setup, create_misc;

-- line: 8, from: 18
CREATE TABLE gtest0 (a int PRIMARY KEY, b int GENERATED ALWAYS AS (55) VIRTUAL);

-- line: 9, from: 18
CREATE TABLE gtest1 (a int PRIMARY KEY, b int GENERATED ALWAYS AS (a * 2) VIRTUAL);

-- line: 33, from: 18
CREATE TABLE gtest2 (a int, b text GENERATED ALWAYS AS (a || ' sec') VIRTUAL);

-- line: 93, from: 18
CREATE TABLE gtestm (
  id int PRIMARY KEY,
  f1 int,
  f2 int,
  f3 int GENERATED ALWAYS AS (f1 * 2) VIRTUAL,
  f4 int GENERATED ALWAYS AS (f2 * 2) VIRTUAL
);

-- line: 148, from: 18
CREATE TABLE gtest_normal_child (a int, b int GENERATED ALWAYS AS (a * 2) VIRTUAL);

-- line: 156, from: 18
CREATE TABLE gtestx_2 (x int, b int GENERATED ALWAYS AS (a * 22) VIRTUAL) INHERITS (gtest1);

-- line: 164, from: 18
CREATE TABLE gtestxx_3 (a int NOT NULL, b int GENERATED ALWAYS AS (a * 2) VIRTUAL);

-- line: 166, from: 18
CREATE TABLE gtestxx_4 (b int GENERATED ALWAYS AS (a * 2) VIRTUAL, a int NOT NULL);

-- line: 178, from: 18
CREATE TABLE gtesty_3 (x int, b int GENERATED ALWAYS AS (x * 22) VIRTUAL);

-- line: 180, from: 18
CREATE TABLE gtest1_y (b int GENERATED ALWAYS AS (x + 1) VIRTUAL) INHERITS (gtest1, gtesty_3);

-- line: 184
CREATE TABLE gtestp (f1 int);

-- line: 185, from: 18
CREATE TABLE gtestc (f2 int GENERATED ALWAYS AS (f1+1) VIRTUAL) INHERITS(gtestp);

-- line: 199, from: 18
CREATE TABLE gtest3a (a text, b text GENERATED ALWAYS AS (a || '+' || a) VIRTUAL);

-- line: 252, from: 18
CREATE TABLE gtest_varlena (a varchar, b varchar GENERATED ALWAYS AS (a) VIRTUAL);

-- line: 271, from: 18
CREATE TABLE gtest_tableoid (
  a int PRIMARY KEY,
  b bool GENERATED ALWAYS AS (tableoid = 'gtest_tableoid'::regclass) VIRTUAL
);

-- line: 276, from: 18
ALTER TABLE gtest_tableoid ADD COLUMN
  c regclass GENERATED ALWAYS AS (tableoid) VIRTUAL;

-- line: 281, from: 18
CREATE TABLE gtest10 (a int PRIMARY KEY, b int, c int GENERATED ALWAYS AS (b * 2) VIRTUAL);

-- line: 320, from: 18
CREATE TABLE gtest20 (a int PRIMARY KEY, b int GENERATED ALWAYS AS (a * 2) VIRTUAL CHECK (b < 50));

-- line: 348, from: 18
CREATE TABLE gtest21a (a int PRIMARY KEY, b int GENERATED ALWAYS AS (nullif(a, 0)) VIRTUAL NOT NULL);

-- line: 353, from: 18
CREATE TABLE gtest21ax (a int PRIMARY KEY, b int GENERATED ALWAYS AS (nullif(a, 0)) VIRTUAL, CONSTRAINT cc NOT NULL b);

-- line: 357, from: 18
ALTER TABLE gtest21ax ALTER COLUMN b SET EXPRESSION AS (nullif(a, 1));

-- line: 360, from: 18
CREATE TABLE gtest21ax_2 (a int PRIMARY KEY, b int GENERATED ALWAYS AS (nullif(a, 0)) VIRTUAL);

-- line: 365, from: 18
CREATE TABLE gtest21b (a int, b int GENERATED ALWAYS AS (nullif(a, 0)) VIRTUAL);

-- line: 374, from: 18
CREATE TABLE gtest21c (a int NOT NULL, b int GENERATED ALWAYS AS (a * 2) VIRTUAL NOT NULL, c int NOT NULL);

-- line: 382
CREATE TABLE gtest21d (a int NOT NULL);

-- line: 384, from: 18
ALTER TABLE gtest21d ADD COLUMN b INT GENERATED ALWAYS AS (a * 10) VIRTUAL NOT NULL;

-- line: 387
ALTER TABLE gtest21d ADD COLUMN c INT NOT NULL DEFAULT 1234;

-- line: 395, from: 18
CREATE TABLE gtestnn_parent (
    f1 int,
    f2 bigint,
    f3 bigint GENERATED ALWAYS AS (nullif(f1, 1) + nullif(f2, 10)) VIRTUAL NOT NULL
) PARTITION BY RANGE (f1);

-- line: 406, from: 18
ALTER TABLE gtestnn_parent ALTER COLUMN f3 SET EXPRESSION AS (nullif(f1, 2) + nullif(f2, 11));

-- line: 408, from: 18
CREATE VIEW line_408 AS
SELECT * FROM gtestnn_parent ORDER BY f1, f2, f3;

-- line: 410, from: 18
ALTER TABLE gtestnn_parent ADD COLUMN c int NOT NULL GENERATED ALWAYS AS (nullif(f1, 14) + nullif(f2, 10)) VIRTUAL;

-- line: 513, from: 18
CREATE TABLE gtest_parent_2 (f1 date NOT NULL, f2 bigint, f3 bigint GENERATED ALWAYS AS (f2 * 2) VIRTUAL) PARTITION BY RANGE (f1);

-- line: 516, from: 18
CREATE TABLE gtest_child2 PARTITION OF gtest_parent_2 (
    f3 WITH OPTIONS GENERATED ALWAYS AS (f2 * 22) VIRTUAL
) FOR VALUES FROM ('2016-08-01') TO ('2016-09-01');

-- line: 581
CREATE TABLE gtest25 (a int PRIMARY KEY);

-- line: 583, from: 18
ALTER TABLE gtest25 ADD COLUMN b int GENERATED ALWAYS AS (a * 2) VIRTUAL, ALTER COLUMN b SET EXPRESSION AS (a * 3);

-- line: 587, from: 18
ALTER TABLE gtest25 ADD COLUMN c int DEFAULT 42,
  ADD COLUMN x int GENERATED ALWAYS AS (c * 4) VIRTUAL;

-- line: 589
ALTER TABLE gtest25 ADD COLUMN d int DEFAULT 101;

-- line: 590, from: 18
ALTER TABLE gtest25 ALTER COLUMN d SET DATA TYPE float8,
  ADD COLUMN y float8 GENERATED ALWAYS AS (d * 4) VIRTUAL;

-- line: 596, from: 18
CREATE TABLE gtest27 (
    a int,
    b int,
    x int GENERATED ALWAYS AS ((a + b) * 2) VIRTUAL
);

-- line: 603, from: 18
ALTER TABLE gtest27 ALTER COLUMN x TYPE numeric;

-- line: 615, from: 18
CREATE PROCEDURE line_615() LANGUAGE sql BEGIN ATOMIC
DELETE FROM gtest27 WHERE a IS NULL AND b IS NULL;
END;

-- line: 678, from: 18
CREATE TABLE gtest31_1 (a int, b text GENERATED ALWAYS AS ('hello') VIRTUAL, c text);

-- line: 684, from: 18
ALTER TABLE gtest31_1 ALTER COLUMN b SET EXPRESSION AS ('hello1');

-- line: 697, from: 18
CREATE TABLE gtest31_1_2 (a int, b text GENERATED ALWAYS AS ('hello') VIRTUAL, c text) PARTITION BY LIST (a);

-- line: 817, from: 18
CREATE TABLE gtest28a (
  a int,
  b int,
  c int,
  x int GENERATED ALWAYS AS (b * 2) VIRTUAL
);

-- line: 864, from: 18
create table gtest32 (
  a int primary key,
  b int generated always as (a * 2),
  c int generated always as (10 + 10),
  d int generated always as (coalesce(a, 100)),
  e int
);

-- line: 890, from: 18
CREATE VIEW line_890 AS
select t1.a from gtest32 t1 left join gtest32 t2 on t1.a = t2.a
where coalesce(t2.b, 1) = 2;

-- line: 905, from: 18
CREATE VIEW line_905 AS
select t2.* from gtest32 t1 left join gtest32 t2 on false;

-- line: 919, from: 18
create table gtest33 (a int, b int generated always as (a * 2) virtual not null, check (b > 10));

-- line: 936, from: 18
create table gtest34 (id int primary key, a int,
                      c int generated always as (a * 10) virtual);

-- line: 943, from: 18
CREATE PROCEDURE line_943() LANGUAGE sql BEGIN ATOMIC
insert into gtest34 values (1, 3)
    on conflict (id) do update set a = 999 where excluded.c > 20 returning *;
END;

-- line: 947, from: 18
create table gtest34p (id int primary key, a int,
                       c int generated always as (a * 10) virtual)
    partition by range (id);

-- source: postgresql-18 18.6 src/test/regress/sql/fast_default.sql
CREATE SCHEMA of_fast_default; SET LOCAL search_path = of_fast_default, test_setup, create_misc;

-- line: 55
CREATE TABLE has_volatile AS
SELECT * FROM generate_series(1,10) id WITH NO DATA;

-- line: 64
ALTER TABLE has_volatile ADD col1 int;

-- line: 65
ALTER TABLE has_volatile ADD col2 int DEFAULT 1;

-- line: 66
ALTER TABLE has_volatile ADD col3 timestamptz DEFAULT current_timestamp;

-- line: 67
ALTER TABLE has_volatile ADD col4 int DEFAULT (random() * 10000)::int;

-- line: 70, from: 18
ALTER TABLE has_volatile ADD col5 int GENERATED ALWAYS AS (tableoid::int + col2) VIRTUAL;

-- line: 71, from: 18
ALTER TABLE has_volatile ALTER COLUMN col5 TYPE float8;

-- line: 72, from: 18
ALTER TABLE has_volatile ALTER COLUMN col5 TYPE numeric;

-- line: 73, from: 18
ALTER TABLE has_volatile ALTER COLUMN col5 TYPE numeric;

-- line: 75, from: 18
ALTER TABLE has_volatile ALTER COLUMN col1 SET DATA TYPE float8,
  ADD COLUMN col6 float8 GENERATED ALWAYS AS (col1 * 4) VIRTUAL;

-- line: 78
ALTER TABLE has_volatile ADD col7 int GENERATED ALWAYS AS (55) stored;

-- line: 83
CREATE TABLE T(pk INT NOT NULL PRIMARY KEY, c_int INT DEFAULT 1);

-- line: 89
ALTER TABLE T ADD COLUMN c_bpchar BPCHAR(5) DEFAULT 'hello',
              ALTER COLUMN c_int SET DEFAULT 2;

-- line: 95
ALTER TABLE T ADD COLUMN c_text TEXT  DEFAULT 'world',
              ALTER COLUMN c_bpchar SET DEFAULT 'dog';

-- line: 100
ALTER TABLE T ADD COLUMN c_date DATE DEFAULT '2016-06-02',
              ALTER COLUMN c_text SET DEFAULT 'cat';

-- line: 105
ALTER TABLE T ADD COLUMN c_timestamp TIMESTAMP DEFAULT '2016-09-01 12:00:00',
              ADD COLUMN c_timestamp_null TIMESTAMP,
              ALTER COLUMN c_date SET DEFAULT '2010-01-01';

-- line: 111
ALTER TABLE T ADD COLUMN c_array TEXT[]
                  DEFAULT '{"This", "is", "the", "real", "world"}',
              ALTER COLUMN c_timestamp SET DEFAULT '1970-12-31 11:12:13',
              ALTER COLUMN c_timestamp_null SET DEFAULT '2016-09-29 12:00:00';

-- line: 118
ALTER TABLE T ADD COLUMN c_small SMALLINT DEFAULT -5,
              ADD COLUMN c_small_null SMALLINT,
              ALTER COLUMN c_array
                  SET DEFAULT '{"This", "is", "no", "fantasy"}';

-- line: 125
ALTER TABLE T ADD COLUMN c_big BIGINT DEFAULT 180000000000018,
              ALTER COLUMN c_small SET DEFAULT 9,
              ALTER COLUMN c_small_null SET DEFAULT 13;

-- line: 131
ALTER TABLE T ADD COLUMN c_num NUMERIC DEFAULT 1.00000000001,
              ALTER COLUMN c_big SET DEFAULT -9999999999999999;

-- line: 136
ALTER TABLE T ADD COLUMN c_time TIME DEFAULT '12:00:00',
              ALTER COLUMN c_num SET DEFAULT 2.000000000000002;

-- line: 141
ALTER TABLE T ADD COLUMN c_interval INTERVAL DEFAULT '1 day',
              ALTER COLUMN c_time SET DEFAULT '23:59:59';

-- line: 146
ALTER TABLE T ADD COLUMN c_hugetext TEXT DEFAULT repeat('abcdefg',1000),
              ALTER COLUMN c_interval SET DEFAULT '3 hours';

-- line: 151
ALTER TABLE T ALTER COLUMN c_interval DROP DEFAULT,
              ALTER COLUMN c_hugetext SET DEFAULT repeat('poiuyt', 1000);

-- line: 169
CREATE VIEW line_169 AS
SELECT pk, c_int, c_bpchar, c_text, c_date, c_timestamp,
       c_timestamp_null, c_array, c_small, c_small_null,
       c_big, c_num, c_time, c_interval,
       c_hugetext = repeat('abcdefg',1000) as c_hugetext_origdef,
       c_hugetext = repeat('poiuyt', 1000) as c_hugetext_newdef
FROM T ORDER BY pk;

-- line: 181
CREATE FUNCTION foo(a INT) RETURNS TEXT AS $$
DECLARE res TEXT := '';
        i INT;
BEGIN
  i := 0;
  WHILE (i < a) LOOP
    res := res || chr(ascii('a') + i);
    i := i + 1;
  END LOOP;
  RETURN res;
END; $$ LANGUAGE PLPGSQL STABLE;

-- line: 230
ALTER TABLE T ALTER COLUMN c_int DROP DEFAULT,
              ALTER COLUMN c_array
                  SET DEFAULT ('{"This", "is", "' || foo(1) ||
                               '", "fantasy"}')::text[];

-- line: 252
CREATE DOMAIN domain1 AS int DEFAULT 11;

-- line: 253, from: 17
CREATE DOMAIN domain2 AS int DEFAULT random(min=>10, max=>100);

-- line: 254
CREATE DOMAIN domain3 AS text DEFAULT foo(4);

-- line: 255
CREATE DOMAIN domain4 AS text[]
  DEFAULT ('{"This", "is", "' || foo(4) || '","the", "real", "world"}')::TEXT[];

-- line: 258
CREATE TABLE t2 (a domain1);

-- line: 262
ALTER TABLE t2 ADD COLUMN b domain1 default 3;

-- line: 270
ALTER TABLE t2 ADD COLUMN c domain3 default left(random()::text,3);

-- line: 305
ALTER TABLE T ADD COLUMN c1 TIMESTAMP DEFAULT now();

-- line: 310
ALTER TABLE T ADD COLUMN c2 TIMESTAMP DEFAULT clock_timestamp();

-- line: 315
CREATE FUNCTION foolme(timestamptz DEFAULT clock_timestamp())
  RETURNS timestamptz
  IMMUTABLE AS 'select $1' LANGUAGE sql;

-- line: 318
ALTER TABLE T ADD COLUMN c3 timestamptz DEFAULT foolme();

-- line: 334
ALTER TABLE T ADD COLUMN c_bigint BIGINT NOT NULL DEFAULT -1;

-- line: 340, from: 14
CREATE PROCEDURE line_340() LANGUAGE sql BEGIN ATOMIC
INSERT INTO T SELECT b, b - 10, (b + 10)::text FROM generate_series(21, 30) a(b);
END;

-- line: 354
CREATE VIEW line_354 (c1, c2) AS
SELECT COALESCE(c_bigint, pk), COALESCE(c_text, pk::text)
FROM T
ORDER BY pk LIMIT 10;

-- line: 368
CREATE VIEW line_368 AS
SELECT * FROM T WHERE c_bigint > -1 ORDER BY c_bigint, c_text, pk LIMIT 10;

-- line: 374, from: 14
CREATE PROCEDURE line_374() LANGUAGE sql BEGIN ATOMIC
DELETE FROM T WHERE pk BETWEEN 10 AND 20 RETURNING *;
END;

-- line: 402
ALTER TABLE T ALTER COLUMN c_text SET DEFAULT 'world',
              ALTER COLUMN c_int  SET DEFAULT 1;

-- line: 552
CREATE TABLE vtype( a integer);

-- line: 554
ALTER TABLE vtype ADD COLUMN b DOUBLE PRECISION DEFAULT 0.2;

-- line: 555
ALTER TABLE vtype ADD COLUMN c BOOLEAN DEFAULT true;

-- line: 564
CREATE TABLE vtype2 (a int);

-- line: 566
ALTER TABLE vtype2 ADD COLUMN b varchar(10) DEFAULT 'xxx';

-- source: postgresql-18 18.6 src/test/regress/sql/triggers.sql
CREATE SCHEMA of_triggers; SET LOCAL search_path = of_triggers, test_setup, create_misc;

-- line: 69
create table trigtest_2 (
  a integer,
  b bool default true not null,
  c text default 'xyzzy' not null);

-- line: 81
alter table trigtest_2 add column d integer default 42 not null;

-- line: 99
CREATE TABLE log_table (tstamp timestamp default timeofday()::timestamp);

-- line: 101
CREATE TABLE main_table (a int unique, b int);

-- line: 111
CREATE FUNCTION trigger_func() RETURNS trigger LANGUAGE plpgsql AS '
BEGIN
	RAISE NOTICE ''trigger_func(%) called: action = %, when = %, level = %'', TG_ARGV[0], TG_OP, TG_WHEN, TG_LEVEL;
	RETURN NULL;
END;';

-- line: 165
CREATE TRIGGER modified_a BEFORE UPDATE OF a ON main_table
FOR EACH ROW WHEN (OLD.a <> NEW.a) EXECUTE PROCEDURE trigger_func('modified_a');

-- line: 167
CREATE TRIGGER modified_any BEFORE UPDATE OF a ON main_table
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE PROCEDURE trigger_func('modified_any');

-- line: 169
CREATE TRIGGER insert_a AFTER INSERT ON main_table
FOR EACH ROW WHEN (NEW.a = 123) EXECUTE PROCEDURE trigger_func('insert_a');

-- line: 171
CREATE TRIGGER delete_a AFTER DELETE ON main_table
FOR EACH ROW WHEN (OLD.a = 123) EXECUTE PROCEDURE trigger_func('delete_a');

-- line: 173
CREATE TRIGGER insert_when BEFORE INSERT ON main_table
FOR EACH STATEMENT WHEN (true) EXECUTE PROCEDURE trigger_func('insert_when');

-- line: 175
CREATE TRIGGER delete_when AFTER DELETE ON main_table
FOR EACH STATEMENT WHEN (true) EXECUTE PROCEDURE trigger_func('delete_when');

-- line: 188, from: 14
CREATE PROCEDURE line_188() LANGUAGE sql BEGIN ATOMIC
DELETE FROM main_table WHERE a IN (123, 456);
END;

-- line: 208
create table table_with_oids(a int);

-- line: 210
create trigger oid_unchanged_trig after update on table_with_oids
	for each row
	when (new.tableoid = old.tableoid AND new.tableoid <> 0)
	execute procedure trigger_func('after_upd_oid_unchanged');

-- line: 241
CREATE TABLE some_t (some_col boolean NOT NULL);

-- line: 242
CREATE FUNCTION dummy_update_func() RETURNS trigger AS $$
BEGIN
  RAISE NOTICE 'dummy_update_func(%) called: action = %, old = %, new = %',
    TG_ARGV[0], TG_OP, OLD, NEW;
  RETURN NEW;
END;
$$ LANGUAGE plpgsql;

-- line: 251
CREATE TRIGGER some_trig_aftera AFTER UPDATE ON some_t FOR EACH ROW
  WHEN (NOT OLD.some_col AND NEW.some_col)
  EXECUTE PROCEDURE dummy_update_func('aftera');

-- line: 254
CREATE TRIGGER some_trig_afterb AFTER UPDATE ON some_t FOR EACH ROW
  WHEN (NOT NEW.some_col)
  EXECUTE PROCEDURE dummy_update_func('afterb');

-- line: 680
CREATE TABLE country_table (
    country_id        serial primary key,
    country_name    text unique not null,
    continent        text not null
);

-- line: 692
CREATE TABLE city_table (
    city_id        serial primary key,
    city_name    text not null,
    population    bigint,
    country_id    int references country_table
);

-- line: 699
CREATE VIEW city_view AS
    SELECT city_id, city_name, population, country_name, continent
    FROM city_table ci
    LEFT JOIN country_table co ON co.country_id = ci.country_id;

-- line: 802
CREATE VIEW european_city_view AS
    SELECT * FROM city_view WHERE continent = 'Europe';

-- line: 821
CREATE RULE european_city_insert_rule AS ON INSERT TO european_city_view
DO INSTEAD INSERT INTO city_view
VALUES (NEW.city_id, NEW.city_name, NEW.population, NEW.country_name, NEW.continent)
RETURNING *;

-- line: 826
CREATE RULE european_city_update_rule AS ON UPDATE TO european_city_view
DO INSTEAD UPDATE city_view SET
    city_name = NEW.city_name,
    population = NEW.population,
    country_name = NEW.country_name
WHERE city_id = OLD.city_id
RETURNING NEW.*;

-- line: 921
CREATE VIEW line_921 AS
select pg_trigger_depth();

-- line: 937
CREATE table parent (
    aid int not null primary key,
    val1 text,
    val2 text,
    val3 text,
    val4 text,
    bcnt int not null default 0);

-- line: 1038
CREATE table self_ref_trigger (
    id int primary key,
    parent int references self_ref_trigger,
    data text,
    nchildren int not null default 0
);

-- line: 1095
create table stmt_trig_on_empty_upd (a int);

-- line: 1111, from: 14
CREATE PROCEDURE line_1111() LANGUAGE sql BEGIN ATOMIC
update stmt_trig_on_empty_upd set a = a where false returning a+1 as aa;
END;

-- line: 1463
create function bark(text) returns bool language plpgsql immutable
  as $$ begin raise notice '% <- woof!', $1; return true; end; $$;

-- line: 1465
CREATE function trigger_notice_ab() returns trigger as $$
  begin
    raise notice 'trigger % on % % % for %: (a,b)=(%,%)',
		TG_NAME, TG_TABLE_NAME, TG_WHEN, TG_OP, TG_LEVEL,
		NEW.a, NEW.b;
    if TG_LEVEL = 'ROW' then
       return NEW;
    end if;
    return null;
  end;
  $$ language plpgsql;

-- line: 1480
create table parted_irreg (fd int, a int, fd2 int, b text)
  partition by range (b);

-- line: 1491
create trigger parted_trig_odd after insert on parted_irreg for each row
  when (bark(new.b) AND new.a % 2 = 1) execute procedure trigger_notice_ab();

-- line: 1561
create table parted_4 (a int, b int, c text) partition by list ((a + b));

-- line: 1583
create table parted_constr (a int, b text)
  partition by range (b);

-- line: 1593
create constraint trigger parted_trig_two after insert on parted_constr
  deferrable initially deferred
  for each row when (bark(new.b) AND new.a % 2 = 1)
  execute procedure trigger_notice_ab();

-- line: 1618
create table parted_trigger (a int, b text) partition by range (a);

-- line: 1623
create trigger parted_trigger after update on parted_trigger
  for each row when (new.a % 2 = 1 and length(old.b) >= 2) execute procedure trigger_notice_ab();

-- line: 1625
create table parted_trigger_3 (b text, a int) partition by range (length(b));

-- line: 2572
create table convslot_test_parent (col1 text primary key);

-- line: 2573
create table convslot_test_child (col1 text primary key,
	foreign key (col1) references convslot_test_parent(col1) on delete cascade on update cascade
);

-- line: 2577
alter table convslot_test_child add column col2 text not null default 'tutu';

-- line: 2770
CREATE VIEW line_2770 AS
select current_user = session_user;

-- source: postgresql-18 18.6 src/test/regress/sql/inherit.sql
CREATE SCHEMA of_inherit; SET LOCAL search_path = of_inherit, test_setup, create_misc;

-- line: 4
CREATE TABLE a (aa TEXT);

-- line: 5
CREATE TABLE b (bb TEXT) INHERITS (a);

-- line: 6
CREATE TABLE c (cc TEXT) INHERITS (a);

-- line: 47, from: 14
CREATE PROCEDURE line_47() LANGUAGE sql BEGIN ATOMIC
UPDATE ONLY a SET aa='zzzzz' WHERE aa='aaaaa';
END;

-- line: 104
create table some_tab (f1 int, f2 int, f3 int, check (f1 < 10) no inherit);

-- line: 138
CREATE table foo(f1 int, f2 int);

-- line: 140
CREATE table bar(f1 int, f2 int);

-- line: 158
CREATE VIEW line_158 AS
select tableoid::regclass::text as relname, bar.* from bar order by 1,2;

-- line: 161, from: 14
CREATE PROCEDURE line_161() LANGUAGE sql BEGIN ATOMIC
update bar set f2 = f2 + 100
from
  ( select f1 from foo union all select f1+3 from foo ) ss
where bar.f1 = ss.f1;
END;

-- line: 218
CREATE TABLE firstparent (tomorrow date default now()::date + 1);

-- line: 221
CREATE TABLE thirdparent (tomorrow date default now()::date - 1);

-- line: 223
CREATE TABLE otherchild (tomorrow date default now())
  INHERITS (firstparent, thirdparent);

-- line: 243
create table p1(ff1 int);

-- line: 244
alter table p1 add constraint p1chk check (ff1 > 0) no inherit;

-- line: 319
create table ac_2 (a int constraint check_a check (a <> 0));

-- line: 320
create table bc_2 (a int constraint check_a check (a <> 0), b int constraint check_b check (b <> 0)) inherits (ac_2);

-- line: 326
create table ac_3 (a int constraint check_a check (a <> 0));

-- line: 327
create table bc_3 (b int constraint check_b check (b <> 0));

-- line: 328
create table cc (c int constraint check_c check (c <> 0)) inherits (ac_3, bc_3);

-- line: 355
create table pp1 (f1 int);

-- line: 357
alter table pp1 add column a1 int check (a1 > 0);

-- line: 379
CREATE TABLE inhta ();

-- line: 383
ALTER TABLE inhta ADD COLUMN i int, ADD COLUMN j bigint DEFAULT 1;

-- line: 425
CREATE TABLE test_ex_constraints (
    c circle,
    EXCLUDE USING gist (c WITH &&)
);

-- line: 463
create table p1_4(f1 int);

-- line: 466
alter table p1_4 add constraint inh_check_constraint1 check (f1 > 0);

-- line: 470
alter table p1_4 add constraint inh_check_constraint2 check (f1 < 10);

-- line: 472, from: 18
alter table p1_4 add constraint inh_check_constraint3 check (f1 > 0) not enforced;

-- line: 476, from: 18
alter table p1_4 add constraint inh_check_constraint4 check (f1 < 10) not enforced;

-- line: 480, from: 18
alter table p1_4 add constraint inh_check_constraint5 check (f1 < 10) not enforced;

-- line: 482, from: 18
alter table p1_4 add constraint inh_check_constraint6 check (f1 < 10) not enforced;

-- line: 486, from: 18
alter table p1_4 add constraint inh_check_constraint9 check (f1 < 10) not enforced;

-- line: 489, from: 18
alter table p1_4 add constraint inh_check_constraint10 check (f1 < 10) not enforced;

-- line: 492
create table p1_c2(f1 int constraint inh_check_constraint4 check (f1 < 10)) inherits(p1_4);

-- line: 520, from: 18
create table p1_5(f1 int constraint p1_a_check check (f1 > 0) not enforced);

-- line: 521, from: 18
create table p1_c1_2(f1 int constraint p1_a_check check (f1 > 0) enforced);

-- line: 627
create table matest0 (id serial primary key, name text);

-- line: 632
create index matest0i on matest0 ((1-id));

-- line: 725
CREATE VIEW line_725 AS
SELECT thousand, tenthous FROM tenk1
UNION ALL
SELECT thousand, random()::integer FROM tenk1
ORDER BY thousand, tenthous;

-- line: 817
create table cnullparent (f1 int);

-- line: 818
create table cnullchild (check (f1 = 1 or f1 = null)) inherits(cnullparent);

-- line: 1027
create table inh_parent_6 (a int primary key);

-- line: 1029
alter table inh_parent_6 add constraint inh_parent_excl exclude ((1) with =);

-- line: 1165
create table inh_nn1_5 (f1 int check(f1 > 5) primary key references inh_nn1_5, f2 int not null);

-- line: 1234
create table range_list_parted (
	a	int,
	b	char(2)
) partition by range (a);

-- line: 1247
create table part_40_inf partition of range_list_parted for values from (40) to (maxvalue) partition by list (b);

-- line: 1270
create table mcrparted (a int, b int, c int) partition by range (a, abs(b), c);

-- line: 1272
create table mcrparted0 partition of mcrparted for values from (minvalue, minvalue, minvalue) to (1, 1, 1);

-- line: 1273
create table mcrparted1 partition of mcrparted for values from (1, 1, 1) to (10, 5, 10);

-- line: 1277
create table mcrparted5 partition of mcrparted for values from (20, 20, 20) to (maxvalue, maxvalue, maxvalue);

-- line: 1299
create index mcrparted_a_abs_c_idx on mcrparted (a, abs(b), c);

-- line: 1302
CREATE VIEW line_1302 AS
select * from mcrparted order by a, abs(b), c;

-- line: 1433
create table permtest_parent (a int, b text, c text) partition by list (a);

-- line: 1438
create index on permtest_parent (left(c, 3));

-- line: 1471
CREATE TABLE errtst_parent (
    partid int not null,
    shdata int not null,
    data int NOT NULL DEFAULT 0,
    CONSTRAINT shdata_small CHECK(shdata < 3)
) PARTITION BY RANGE (partid);

-- line: 1480
CREATE TABLE errtst_child_fastdef (
    partid int not null,
    shdata int not null,
    CONSTRAINT shdata_small CHECK(shdata < 3)
);

-- line: 1487
CREATE TABLE errtst_child_plaindef (
    partid int not null,
    shdata int not null,
    data int NOT NULL DEFAULT 0,
    CONSTRAINT shdata_small CHECK(shdata < 3),
    CHECK(data < 10)
);

-- line: 1496
CREATE TABLE errtst_child_reorder (
    data int NOT NULL DEFAULT 0,
    shdata int not null,
    partid int not null,
    CONSTRAINT shdata_small CHECK(shdata < 3),
    CHECK(data < 10)
);

-- source: postgresql-18 18.6 src/test/regress/sql/typed_table.sql
CREATE SCHEMA of_typed_table; SET LOCAL search_path = of_typed_table, test_setup, create_misc;

-- line: 3
CREATE TYPE person_type AS (id int, name text);

-- line: 5
CREATE TABLE persons_2 OF person_type;

-- line: 9
CREATE FUNCTION get_all_persons() RETURNS SETOF person_type
LANGUAGE SQL
AS $$
    SELECT * FROM persons_2;
$$;

-- line: 15
CREATE VIEW line_15 AS
SELECT * FROM get_all_persons();

-- line: 34
CREATE TABLE persons3 OF person_type (
    PRIMARY KEY (id),
    name WITH OPTIONS DEFAULT ''
);

-- line: 60
CREATE TYPE person_type_2 AS (id int, name text);

-- line: 61
CREATE TABLE persons_3 OF person_type_2;

-- line: 64
CREATE FUNCTION namelen(person_type_2) RETURNS int LANGUAGE SQL AS $$ SELECT length($1.name) $$;

-- line: 65
CREATE VIEW line_65 AS
SELECT id, namelen(persons_3) FROM persons_3;

-- line: 74
CREATE TABLE persons3_2 OF person_type_2 (
    PRIMARY KEY (id),
    name NOT NULL DEFAULT ''
);

-- source: postgresql-18 18.6 src/test/regress/sql/insert.sql
CREATE SCHEMA of_insert; SET LOCAL search_path = of_insert, test_setup, create_misc;

-- line: 4
create table inserttest (col1 int4, col2 int4 NOT NULL, col3 text default 'testing');

-- line: 36
CREATE VIEW line_36 AS
select col1, col2, char_length(col3) from inserttest;

-- line: 43
CREATE TABLE large_tuple_test (a int, b text) WITH (fillfactor = 10);

-- line: 50, from: 14
CREATE PROCEDURE line_50() LANGUAGE sql BEGIN ATOMIC
INSERT INTO large_tuple_test (select 2, repeat('a', 1000));
END;

-- line: 68
create type insert_test_type as (if1 int, if2 text[]);

-- line: 70
create table inserttest_2 (f1 int, f2 int[],
                         f3 insert_test_type, f4 insert_test_type[]);

-- line: 89, from: 14
CREATE PROCEDURE line_89() LANGUAGE sql BEGIN ATOMIC
insert into inserttest_2 (f4[1].if2[1], f4[1].if2[2]) select 'bear', 'beer';
END;

-- line: 94
create table inserttest2 (f1 bigint, f2 text);

-- line: 95
create rule irule1 as on insert to inserttest2 do also
  insert into inserttest_2 (f3.if2[1], f3.if2[2])
  values (new.f1,new.f2);

-- line: 98
create rule irule2 as on insert to inserttest2 do also
  insert into inserttest_2 (f4[1].if1, f4[1].if2[2])
  values (1,'fool'),(new.f1,new.f2);

-- line: 101
create rule irule3 as on insert to inserttest2 do also
  insert into inserttest_2 (f4[1].if1, f4[1].if2[2])
  select new.f1, new.f2;

-- line: 111
create domain insert_pos_ints as int[] check (value[1] > 0);

-- line: 113
create domain insert_test_domain as insert_test_type
  check ((value).if2[1] is not null);

-- line: 168
create domain insert_nnarray as int[]
  check (value[1] is not null and value[2] is not null);

-- line: 171
create domain insert_test_domain_2 as insert_test_type
  check ((value).if1 is not null and (value).if2 is not null);

-- line: 188
create table range_parted (
	a text,
	b int
) partition by range (a, (b+0));

-- line: 217
create table list_parted (
	a text,
	b int
) partition by list (lower(a));

-- line: 234
create table part_ee_ff partition of list_parted for values in ('ee', 'ff') partition by range (b);

-- line: 311
create table part_gg partition of list_parted for values in ('gg') partition by range (b);

-- line: 326
CREATE VIEW line_326 AS
select tableoid::regclass::text, a, min(b) as min_b, max(b) as max_b from list_parted group by 1, 2 order by 1;

-- line: 372
create table mlparted (a int, b int) partition by range (a, b);

-- line: 373
create table mlparted1 (b int not null, a int not null) partition by range ((b+0));

-- line: 399
alter table mlparted add constraint check_b check (b = 3);

-- line: 446
alter table mlparted add c text;

-- line: 478
alter table mlparted add d int, add e int;

-- line: 496
CREATE VIEW line_496 AS
select tableoid::regclass, * from mlparted order by a, b, c, d;

-- line: 513
create table key_desc (a int, b int) partition by list ((a+0));

-- line: 539
create table mcrparted (a int, b int, c int) partition by range (a, abs(b), c);

-- line: 546
create table mcrparted0 partition of mcrparted for values from (minvalue, minvalue, minvalue) to (1, maxvalue, maxvalue);

-- line: 547
create table mcrparted1 partition of mcrparted for values from (2, 1, minvalue) to (10, 5, 10);

-- line: 548
create table mcrparted2 partition of mcrparted for values from (10, 6, minvalue) to (10, maxvalue, maxvalue);

-- line: 550
create table mcrparted4 partition of mcrparted for values from (21, minvalue, minvalue) to (30, 20, maxvalue);

-- line: 599
create table inserttest3 (f1 text default 'foo', f2 text default 'bar', f3 int);

-- line: 639
create table mcrparted_2 (a text, b int) partition by range(a, b);

-- line: 640
create table mcrparted1_lt_b partition of mcrparted_2 for values from (minvalue, minvalue) to ('b', minvalue);

-- line: 647
create table mcrparted8_ge_d partition of mcrparted_2 for values from ('d', minvalue) to (maxvalue, maxvalue);

-- source: postgresql-18 18.6 src/test/regress/sql/insert_conflict.sql
CREATE SCHEMA of_insert_conflict; SET LOCAL search_path = of_insert_conflict, test_setup, create_misc;

-- line: 4
create table insertconflicttest(key int4, fruit text);

-- line: 13
create unique index op_index_key on insertconflicttest(key, fruit text_pattern_ops);

-- line: 14
create unique index collation_index_key on insertconflicttest(key, fruit collate "C");

-- line: 15
create unique index both_index_key on insertconflicttest(key, fruit collate "C" text_pattern_ops);

-- line: 16
create unique index both_index_expr_key on insertconflicttest(key, lower(fruit) collate "C" text_pattern_ops);

-- line: 19, from: 14
CREATE PROCEDURE line_19() LANGUAGE sql BEGIN ATOMIC
insert into insertconflicttest values(0, 'Crowberry') on conflict (key) do nothing;
END;

-- line: 38, from: 14
CREATE PROCEDURE line_38() LANGUAGE sql BEGIN ATOMIC
insert into insertconflicttest values(0, 'Crowberry') on conflict (fruit collate "C" text_pattern_ops, key) do nothing;
END;

-- line: 67
create unique index cross_match on insertconflicttest(lower(fruit) collate "C", upper(fruit) text_pattern_ops);

-- line: 79
create unique index key_index on insertconflicttest(key);

-- line: 86, from: 14
CREATE PROCEDURE line_86() LANGUAGE sql BEGIN ATOMIC
insert into insertconflicttest values (0, 'Bilberry') on conflict (key) do update set fruit = excluded.fruit where insertconflicttest.fruit != 'Cawesh';
END;

-- line: 133
create unique index comp_key_index on insertconflicttest(key, fruit);

-- line: 143, from: 14
CREATE PROCEDURE line_143() LANGUAGE sql BEGIN ATOMIC
insert into insertconflicttest values (12, 'Date') on conflict (lower(fruit), key) do update set fruit = excluded.fruit;
END;

-- line: 150
create unique index part_comp_key_index on insertconflicttest(key, fruit) where key < 5;

-- line: 151
create unique index expr_part_comp_key_index on insertconflicttest(key, lower(fruit)) where key < 5;

-- line: 167
create unique index expr_key_index on insertconflicttest(lower(fruit));

-- line: 182
create unique index expr_comp_key_index on insertconflicttest(key, lower(fruit));

-- line: 183
create unique index tricky_expr_comp_key_index on insertconflicttest(key, lower(fruit), upper(fruit));

-- line: 202
create unique index key_index_2 on insertconflicttest(key);

-- line: 203
create unique index fruit_index on insertconflicttest(fruit);

-- line: 220
create unique index partial_key_index on insertconflicttest(key) where fruit like '%berry';

-- line: 229, from: 14
CREATE PROCEDURE line_229() LANGUAGE sql BEGIN ATOMIC
insert into insertconflicttest values (23, 'Blackberry') on conflict (key) where fruit like '%berry' or fruit = 'consequential' do nothing;
END;

-- line: 276
create table insertconflict (a bigint, b bigint);

-- line: 278
create unique index insertconflicti1 on insertconflict(coalesce(a, 0));

-- line: 280
create unique index insertconflicti2 on insertconflict(b)
  where coalesce(a, 1) > 0;

-- line: 318
create table cities (
	name		text,
	population	float8,
	altitude	int
);

-- line: 324
create table capitals (
	state		char(2)
) inherits (cities);

-- line: 332
create unique index capitals_names_unique on capitals (name);

-- line: 347, from: 14
CREATE PROCEDURE line_347() LANGUAGE sql BEGIN ATOMIC
insert into capitals values ('Sacramento', 4664.E+5, 30, 'CA') on conflict (name) do update set population = excluded.population;
END;

-- line: 369
create table excluded(key int primary key, data text);

-- line: 385
create table dropcol(key int primary key, drop1 int, keep1 text, drop2 numeric, keep2 float);

-- line: 401, from: 14
CREATE PROCEDURE line_401() LANGUAGE sql BEGIN ATOMIC
insert into dropcol(key, keep1, keep2) values(1, '4', 4) on conflict(key)
    do update set keep1 = excluded.keep1, keep2 = excluded.keep2
    where excluded.keep1 is not null and excluded.keep2 is not null
          and dropcol.keep1 is not null and dropcol.keep2 is not null
    returning *;
END;

-- line: 417
create table twoconstraints (f1 int unique, f2 box,
                             exclude using gist(f2 with &&));

-- line: 462
create table parted_conflict_test (a int unique, b char) partition by list (a);

-- line: 463
create table parted_conflict_test_1 partition of parted_conflict_test (b unique) for values in (1, 2);

-- source: postgresql-18 18.6 src/test/regress/sql/update.sql
CREATE SCHEMA of_update; SET LOCAL search_path = of_update, test_setup, create_misc;

-- line: 5
CREATE TABLE update_test (
    a   INT DEFAULT 10,
    b   INT,
    c   TEXT
);

-- line: 11
CREATE TABLE upsert_test (
    a   INT PRIMARY KEY,
    b   TEXT
);

-- line: 26, from: 14
CREATE PROCEDURE line_26() LANGUAGE sql BEGIN ATOMIC
UPDATE update_test AS t SET b = 10 WHERE t.a = 10;
END;

-- line: 54, from: 14
CREATE PROCEDURE line_54() LANGUAGE sql BEGIN ATOMIC
INSERT INTO update_test SELECT a,b+1,c FROM update_test;
END;

-- line: 77, from: 14
CREATE PROCEDURE line_77() LANGUAGE sql BEGIN ATOMIC
UPDATE update_test SET (b,a) = (select a+1,b from update_test where a = 1000)
  WHERE a = 11;
END;

-- line: 109, from: 14
CREATE PROCEDURE line_109() LANGUAGE sql BEGIN ATOMIC
WITH aaa AS (SELECT 1 AS a, 'Foo' AS b) INSERT INTO upsert_test
  VALUES (1, 'Bar') ON CONFLICT(a)
  DO UPDATE SET (b, a) = (SELECT b, a FROM aaa) RETURNING *;
END;

-- line: 172
CREATE TABLE range_parted (
	a text,
	b bigint,
	c numeric,
	d int,
	e varchar
) PARTITION BY RANGE (a, b);

-- line: 184
CREATE TABLE part_b_10_b_20 (e varchar, c numeric, a text, b bigint, d int) PARTITION BY RANGE (c);

-- line: 197
CREATE TABLE part_c_100_200 (e varchar, c numeric, a text, b bigint, d int) PARTITION BY range (abs(d));

-- line: 230, from: 14
CREATE PROCEDURE line_230() LANGUAGE sql BEGIN ATOMIC
UPDATE part_b_10_b_20 set c = c + 20 returning c, b, a;
END;

-- line: 241
CREATE TABLE mintab(c1 int);

-- line: 245
CREATE VIEW upview AS SELECT * FROM range_parted WHERE (select c > c1 FROM mintab) WITH CHECK OPTION;

-- line: 262, from: 14
CREATE PROCEDURE line_262() LANGUAGE sql BEGIN ATOMIC
UPDATE range_parted set c = 95 WHERE a = 'b' and b > 10 and c > 100 returning (range_parted), *;
END;

-- line: 347
CREATE POLICY seeall ON range_parted AS PERMISSIVE FOR SELECT USING (true);

-- line: 348
CREATE POLICY policy_range_parted ON range_parted for UPDATE USING (true) WITH CHECK (c % 2 = 0);

-- line: 390
CREATE POLICY policy_range_parted_subplan on range_parted
    AS RESTRICTIVE for UPDATE USING (true)
    WITH CHECK ((SELECT range_parted.c <= c1 FROM mintab));

-- line: 403
CREATE POLICY policy_range_parted_wholerow on range_parted AS RESTRICTIVE for UPDATE USING (true)
   WITH CHECK (range_parted = row('b', 10, 112, 1, NULL)::range_parted);

-- line: 534
create table utrtest (a int, b text) partition by list (a);

-- line: 535
create table utr1 (a int check (a in (1)), q text, b text);

-- line: 536
create table utr2 (a int check (a in (2)), b text);

-- line: 545, from: 14
CREATE PROCEDURE line_545() LANGUAGE sql BEGIN ATOMIC
insert into utrtest values (2, 'bar')
  returning *, tableoid::regclass;
END;

-- line: 569
CREATE TABLE list_parted_2 (a numeric, b int, c int8) PARTITION BY list (a);

-- line: 591
CREATE VIEW line_591 AS
SELECT tableoid::regclass::text, * FROM list_parted_2 WHERE a = 2 ORDER BY 1;

-- line: 605
CREATE VIEW line_605 AS
SELECT tableoid::regclass::text, * FROM list_parted_2 ORDER BY 1, 2, 3, 4;

-- source: postgresql-18 18.6 src/test/regress/sql/delete.sql
CREATE SCHEMA of_delete; SET LOCAL search_path = of_delete, test_setup, create_misc;

-- line: 1
CREATE TABLE delete_test (
    id SERIAL PRIMARY KEY,
    a INT,
    b text
);

-- line: 12, from: 14
CREATE PROCEDURE line_12() LANGUAGE sql BEGIN ATOMIC
DELETE FROM delete_test AS dt WHERE dt.a > 75;
END;

-- source: postgresql-18 18.6 src/test/regress/sql/returning.sql
CREATE SCHEMA of_returning; SET LOCAL search_path = of_returning, test_setup, create_misc;

-- line: 7
CREATE TABLE foo (f1 serial, f2 text, f3 int default 42);

-- line: 9, from: 14
CREATE PROCEDURE line_9() LANGUAGE sql BEGIN ATOMIC
INSERT INTO foo (f2,f3)
  VALUES ('test', DEFAULT), ('More', 11), (upper('more'), 7+9)
  RETURNING *, f1+f3 AS sum;
END;

-- line: 34, from: 14
CREATE PROCEDURE line_34() LANGUAGE sql BEGIN ATOMIC
DELETE FROM foo
  WHERE f1 > 10
  RETURNING *, f1+112 IN (SELECT q1 FROM int8_tbl) AS subplan,
    EXISTS(SELECT * FROM int4_tbl) AS initplan;
END;

-- line: 61
ALTER TABLE foo ADD COLUMN f4 int8 DEFAULT 99;

-- line: 79, from: 14
CREATE PROCEDURE line_79() LANGUAGE sql BEGIN ATOMIC
DELETE FROM foo
  USING int8_tbl i
  WHERE foo.f1 = i.q2
  RETURNING *;
END;

-- line: 91
CREATE VIEW voo AS SELECT f1, f2 FROM foo;

-- line: 104
CREATE RULE voo_i_2 AS ON INSERT TO voo DO INSTEAD
  INSERT INTO foo VALUES(new.*, 57) RETURNING f1, f2;

-- line: 115
CREATE RULE voo_u AS ON UPDATE TO voo DO INSTEAD
  UPDATE foo SET f1 = new.f1, f2 = new.f2 WHERE f1 = old.f1
  RETURNING f1, f2;

-- line: 125
CREATE RULE voo_d AS ON DELETE TO voo DO INSTEAD
  DELETE FROM foo WHERE f1 = old.f1
  RETURNING f1, f2;

-- line: 136
CREATE VIEW foo_v AS SELECT * FROM foo OFFSET 0;

-- line: 161
CREATE TABLE joinme (f2j text, other int);

-- line: 166
CREATE VIEW joinview AS
  SELECT foo.*, other FROM foo JOIN joinme ON (f2 = f2j);

-- line: 171
CREATE RULE joinview_u AS ON UPDATE TO joinview DO INSTEAD
  UPDATE foo SET f1 = new.f1, f3 = new.f3
    FROM joinme WHERE f2 = f2j AND f2 = old.f2
    RETURNING foo.*, other;

-- line: 213
CREATE UNIQUE INDEX foo_f1_idx ON foo (f1);

-- line: 214, from: 18
CREATE PROCEDURE line_214() LANGUAGE sql BEGIN ATOMIC
INSERT INTO foo VALUES (4, 'conflict'), (5, 'ok')
  ON CONFLICT (f1) DO UPDATE SET f2 = excluded.f2||'ed', f3 = -1
  RETURNING WITH (OLD AS o, NEW AS n)
            o.tableoid::regclass, o.ctid, o.*,
            n.tableoid::regclass, n.ctid, n.*, *;
END;

-- line: 253, from: 18
CREATE PROCEDURE line_253() LANGUAGE sql BEGIN ATOMIC
DELETE FROM foo WHERE f1 = 6
  RETURNING old, (old).f4, (old).*,
            new, (new).f4, (new).*;
END;

-- line: 285
CREATE RULE foo_del_rule AS ON DELETE TO foo DO INSTEAD
  UPDATE foo SET f2 = f2||' (deleted)', f3 = -1, f4 = -1 WHERE f1 = OLD.f1
  RETURNING *;

-- line: 293, from: 18
CREATE PROCEDURE line_293() LANGUAGE sql BEGIN ATOMIC
UPDATE joinview SET f3 = f3 + 1 WHERE f3 = 57
  RETURNING old.*, new.*, *, new.f3 - old.f3 AS delta_f3;
END;

-- line: 351
CREATE TABLE tt(a int, b int);

-- line: 353, from: 18
CREATE PROCEDURE line_353() LANGUAGE sql BEGIN ATOMIC
UPDATE tt SET b = b * 2 RETURNING a, b, old.b, new.b, tt.b, tt.b;
END;

-- line: 399, from: 18
CREATE FUNCTION foo_update()
  RETURNS void
  LANGUAGE sql
BEGIN ATOMIC
  WITH u1 AS (
    UPDATE foo SET f1 = f1 + 1 RETURNING old.*, new.*
  ), u2 AS (
    UPDATE foo SET f1 = f1 + 1 RETURNING WITH (OLD AS "old foo") "old foo".*, new.*
  ), u3 AS (
    UPDATE foo SET f1 = f1 + 1 RETURNING WITH (NEW AS "new foo") old.*, "new foo".*
  )
  UPDATE foo SET f1 = f1 + 1
    RETURNING WITH (OLD AS o, NEW AS n)
              o.*, n.*, o, n, o.f1 = n.f1, o = n,
              (SELECT o.f2 = n.f2),
              (SELECT count(*) FROM foo WHERE foo.f1 = o.f4),
              (SELECT count(*) FROM foo WHERE foo.f4 = n.f4),
              (SELECT count(*) FROM foo WHERE foo = o),
              (SELECT count(*) FROM foo WHERE foo = n);
END;

-- source: postgresql-18 18.6 src/test/regress/sql/merge.sql
CREATE SCHEMA of_merge; SET LOCAL search_path = of_merge, test_setup, create_misc;

-- line: 11
CREATE TABLE target (tid integer, balance integer)
  WITH (autovacuum_enabled=off);

-- line: 13
CREATE TABLE source (sid integer, delta integer)
  WITH (autovacuum_enabled=off);

-- line: 18
CREATE VIEW line_18 AS
SELECT t.ctid is not null as matched, t.*, s.* FROM source s FULL OUTER JOIN target t ON s.sid = t.tid ORDER BY t.tid, s.sid;

-- line: 35, from: 15
CREATE PROCEDURE line_35() LANGUAGE sql BEGIN ATOMIC
MERGE INTO target t
USING source AS s
ON t.tid = s.sid
WHEN MATCHED THEN
	DELETE;
END;

-- line: 244
ALTER TABLE target ADD PRIMARY KEY (tid);

-- line: 259, from: 15
CREATE PROCEDURE line_259() LANGUAGE sql BEGIN ATOMIC
MERGE INTO target t
USING source AS s
ON t.tid = s.sid
WHEN NOT MATCHED THEN
	INSERT VALUES (4, NULL);
END;

-- line: 472
CREATE TABLE wq_target (tid integer not null, balance integer DEFAULT -1)
  WITH (autovacuum_enabled=off);

-- line: 474
CREATE TABLE wq_source (balance integer, sid integer)
  WITH (autovacuum_enabled=off);

-- line: 496, from: 15
CREATE PROCEDURE line_496() LANGUAGE sql BEGIN ATOMIC
MERGE INTO wq_target t
USING wq_source s ON t.tid = s.sid
WHEN NOT MATCHED AND s.balance <> 100 THEN
	INSERT (tid) VALUES (s.sid);
END;

-- line: 745, from: 15
CREATE PROCEDURE line_745() LANGUAGE sql BEGIN ATOMIC
MERGE INTO target t
USING (SELECT sid, delta FROM source WHERE delta > 0) AS s
ON t.tid = s.sid
WHEN NOT MATCHED THEN
	INSERT (tid, balance) VALUES (s.sid, s.delta);
END;

-- line: 799, from: 15
CREATE FUNCTION merge_func (p_id integer, p_bal integer)
RETURNS INTEGER
LANGUAGE plpgsql
AS $$
DECLARE
 result integer;
BEGIN
MERGE INTO target t
USING (SELECT p_id AS sid) AS s
ON t.tid = s.sid
WHEN MATCHED THEN
	UPDATE SET balance = t.balance - p_bal;
IF FOUND THEN
	GET DIAGNOSTICS result := ROW_COUNT;
END IF;
RETURN result;
END;
$$;

-- line: 842
CREATE TABLE sq_target (tid integer NOT NULL, balance integer)
  WITH (autovacuum_enabled=off);

-- line: 844
CREATE TABLE sq_source (delta integer, sid integer, balance integer DEFAULT 0)
  WITH (autovacuum_enabled=off);

-- line: 860
CREATE VIEW v AS SELECT * FROM sq_source WHERE sid < 2;

-- line: 999, from: 17
CREATE FUNCTION merge_into_sq_target(sid int, balance int, delta int,
                                     OUT action text, OUT tid int, OUT new_balance int)
LANGUAGE sql AS
$$
    MERGE INTO sq_target t
    USING (VALUES ($1, $2, $3)) AS v(sid, balance, delta)
    ON tid = v.sid
    WHEN MATCHED AND tid >= 2 THEN
        UPDATE SET balance = t.balance + v.delta
    WHEN NOT MATCHED THEN
        INSERT (balance, tid) VALUES (v.balance + v.delta, v.sid)
    WHEN MATCHED AND tid < 2 THEN
        DELETE
    RETURNING merge_action(), t.*;
$$;

-- line: 1014, from: 17
CREATE VIEW line_1014 AS
SELECT m.*
FROM (VALUES (1, 0, 0), (3, 0, 20), (4, 100, 10)) AS v(sid, balance, delta),
LATERAL (SELECT action, tid, new_balance FROM merge_into_sq_target(sid, balance, delta)) m;

-- line: 1164, from: 15
CREATE PROCEDURE line_1164() LANGUAGE sql BEGIN ATOMIC
MERGE INTO sq_target t
USING v
ON tid = sid
WHEN MATCHED THEN
    UPDATE SET balance = (SELECT count(*) FROM sq_target);
END;

-- line: 1192
CREATE TABLE pa_target (tid integer, balance float, val text)
	PARTITION BY LIST (tid);

-- line: 1195
CREATE TABLE part1 PARTITION OF pa_target FOR VALUES IN (1,4)
  WITH (autovacuum_enabled=off);

-- line: 1197
CREATE TABLE part2 PARTITION OF pa_target FOR VALUES IN (2,5,6)
  WITH (autovacuum_enabled=off);

-- line: 1204
CREATE TABLE pa_source (sid integer, delta float);

-- line: 1240, from: 17
CREATE FUNCTION merge_func() RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  result integer;
BEGIN
MERGE INTO pa_target t
  USING pa_source s
  ON t.tid = s.sid
  WHEN MATCHED THEN
    UPDATE SET tid = tid + 1, balance = balance + delta, val = val || ' updated by merge'
  WHEN NOT MATCHED THEN
    INSERT VALUES (sid, delta, 'inserted by merge')
  WHEN NOT MATCHED BY SOURCE THEN
    UPDATE SET tid = 1, val = val || ' not matched by source';
IF FOUND THEN
  GET DIAGNOSTICS result := ROW_COUNT;
END IF;
RETURN result;
END;
$$;

-- line: 1259, from: 17
CREATE VIEW line_1259 AS
SELECT merge_func();

-- line: 1291
CREATE TABLE pa_target_2 (tid integer, balance float, val text)
	PARTITION BY LIST (tid);

-- line: 1296
CREATE TABLE part2_2 (balance float, tid integer, val text)
  WITH (autovacuum_enabled=off);

-- line: 1300
CREATE TABLE part4_2 (extraid text, tid integer, balance float, val text)
  WITH (autovacuum_enabled=off);

-- line: 1305
ALTER TABLE pa_target_2 ATTACH PARTITION part2_2 FOR VALUES IN (2,5,6);

-- line: 1427
CREATE POLICY pa_target_pol ON pa_target_2 USING (tid != 0);

-- line: 1428, from: 15
CREATE PROCEDURE line_1428() LANGUAGE sql BEGIN ATOMIC
MERGE INTO pa_target_2 t
  USING pa_source s
  ON t.tid = s.sid AND t.tid IN (1,2,3,4)
  WHEN MATCHED THEN
    UPDATE SET tid = tid - 1;
END;

-- line: 1439
CREATE TABLE pa_target_3 (logts timestamp, tid integer, balance float, val text)
	PARTITION BY RANGE (logts);

-- line: 1442
CREATE TABLE part_m01 PARTITION OF pa_target_3
	FOR VALUES FROM ('2017-01-01') TO ('2017-02-01')
	PARTITION BY LIST (tid);

-- line: 1445
CREATE TABLE part_m01_odd PARTITION OF part_m01
	FOR VALUES IN (1,3,5,7,9) WITH (autovacuum_enabled=off);

-- line: 1447
CREATE TABLE part_m01_even PARTITION OF part_m01
	FOR VALUES IN (2,4,6,8) WITH (autovacuum_enabled=off);

-- line: 1591
CREATE TABLE fs_target (a int, b int, c text)
  WITH (autovacuum_enabled=off);

-- line: 1593, from: 15
CREATE PROCEDURE line_1593() LANGUAGE sql BEGIN ATOMIC
MERGE INTO fs_target t
USING generate_series(1,100,1) AS id
ON t.a = id
WHEN MATCHED THEN
	UPDATE SET b = b + id
WHEN NOT MATCHED THEN
	INSERT VALUES (id, -1);
END;

-- line: 1616
CREATE TABLE measurement (
    city_id         int not null,
    logdate         date not null,
    peaktemp        int,
    unitsales       int
) WITH (autovacuum_enabled=off);

-- line: 1622
CREATE TABLE measurement_y2006m02 (
    CHECK ( logdate >= DATE '2006-02-01' AND logdate < DATE '2006-03-01' )
) INHERITS (measurement) WITH (autovacuum_enabled=off);

-- line: 1628
CREATE TABLE measurement_y2007m01 (
    filler          text,
    peaktemp        int,
    logdate         date not null,
    city_id         int not null,
    unitsales       int
    CHECK ( logdate >= DATE '2007-01-01' AND logdate < DATE '2007-02-01')
) WITH (autovacuum_enabled=off);

-- line: 1727
ALTER TABLE measurement ADD CONSTRAINT mcheck CHECK (city_id = 0) NO INHERIT;

-- line: 1749
CREATE POLICY measurement_p ON measurement USING (peaktemp IS NOT NULL);

-- line: 1798
CREATE TABLE bug18634t (a int, b int, c text);

-- line: 1800
CREATE VIEW bug18634v AS
  SELECT * FROM bug18634t WHERE EXISTS (SELECT 1 FROM bug18634t);

-- source: postgresql-18 18.6 src/test/regress/sql/alter_table.sql
CREATE SCHEMA of_alter_table; SET LOCAL search_path = of_alter_table, test_setup, create_misc;

-- line: 16
CREATE TABLE attmp (initial int4);

-- line: 24
ALTER TABLE attmp ADD COLUMN a int4 default 3;

-- line: 83
CREATE TABLE attmp_2 (
	initial 	int4
);

-- line: 87
ALTER TABLE attmp_2 ADD COLUMN a int4;

-- line: 89
ALTER TABLE attmp_2 ADD COLUMN b name;

-- line: 91
ALTER TABLE attmp_2 ADD COLUMN c text;

-- line: 93
ALTER TABLE attmp_2 ADD COLUMN d float8;

-- line: 95
ALTER TABLE attmp_2 ADD COLUMN e float4;

-- line: 97
ALTER TABLE attmp_2 ADD COLUMN f int2;

-- line: 99
ALTER TABLE attmp_2 ADD COLUMN g polygon;

-- line: 101
ALTER TABLE attmp_2 ADD COLUMN i char;

-- line: 103
ALTER TABLE attmp_2 ADD COLUMN k int4;

-- line: 105
ALTER TABLE attmp_2 ADD COLUMN l tid;

-- line: 107
ALTER TABLE attmp_2 ADD COLUMN m xid;

-- line: 109
ALTER TABLE attmp_2 ADD COLUMN n oidvector;

-- line: 112
ALTER TABLE attmp_2 ADD COLUMN p boolean;

-- line: 114
ALTER TABLE attmp_2 ADD COLUMN q point;

-- line: 116
ALTER TABLE attmp_2 ADD COLUMN r lseg;

-- line: 118
ALTER TABLE attmp_2 ADD COLUMN s path;

-- line: 120
ALTER TABLE attmp_2 ADD COLUMN t box;

-- line: 122
ALTER TABLE attmp_2 ADD COLUMN v timestamp;

-- line: 124
ALTER TABLE attmp_2 ADD COLUMN w interval;

-- line: 126
ALTER TABLE attmp_2 ADD COLUMN x float8[];

-- line: 128
ALTER TABLE attmp_2 ADD COLUMN y float4[];

-- line: 130
ALTER TABLE attmp_2 ADD COLUMN z int2[];

-- line: 143
CREATE INDEX attmp_idx ON attmp_2 (a, (d + e), b);

-- line: 262
CREATE VIEW attmp_view (unique1) AS SELECT unique1 FROM tenk1;

-- line: 300
CREATE TABLE constraint_rename_test (a int CONSTRAINT con1 CHECK (a > 0), b int, c int);

-- line: 324
CREATE TABLE constraint_rename_cache (a int,
  CONSTRAINT chk_a CHECK (a > 0),
  PRIMARY KEY (a));

-- line: 339
CREATE TABLE attmp2 (a int primary key);

-- line: 341
CREATE TABLE attmp3 (a int, b int);

-- line: 365
ALTER TABLE attmp3 add constraint attmpconstr foreign key (a) references attmp2 match full;

-- line: 371
ALTER TABLE attmp3 add constraint attmpconstr_2 foreign key (a) references attmp2 match full;

-- line: 388
ALTER TABLE attmp3 ADD CONSTRAINT b_greater_than_ten CHECK (b > 10);

-- line: 389
ALTER TABLE attmp3 ADD CONSTRAINT b_greater_than_ten_2 CHECK (b > 10) NOT VALID;

-- line: 390, from: 18
ALTER TABLE attmp3 ADD CONSTRAINT b_greater_than_ten_not_enforced CHECK (b > 10) NOT ENFORCED;

-- line: 392, from: 14
CREATE PROCEDURE line_392() LANGUAGE sql BEGIN ATOMIC
DELETE FROM attmp3 WHERE NOT b > 10;
END;

-- line: 403
ALTER TABLE attmp3 ADD CONSTRAINT b_le_20 CHECK (b <= 20) NOT VALID;

-- line: 409
CREATE FUNCTION boo(int) RETURNS int IMMUTABLE STRICT LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'boo: %', $1; RETURN $1; END; $$;

-- line: 412
ALTER TABLE attmp3 ADD CONSTRAINT IDENTITY check (b = boo(b)) NOT VALID;

-- line: 450
create table nv_parent (d date, check (false) no inherit not valid);

-- line: 454
create table nv_child_2010 () inherits (nv_parent);

-- line: 456
alter table nv_child_2010 add check (d between '2010-01-01'::date and '2010-12-31'::date) not valid;

-- line: 460
CREATE VIEW line_460 AS
select * from nv_parent where d between '2011-08-01'::date and '2011-08-31'::date;

-- line: 593
create table atacc1_4 ( test int, test2 int, test3 int);

-- line: 595
alter table atacc1_4 add constraint atacc_test1 check (test+test2<test3*4);

-- line: 603
create table atacc1_5 (test int check (test>3), test2 int);

-- line: 604
alter table atacc1_5 add check (test2>test);

-- line: 879
create table atacc1_26 (test_a int, test_b int);

-- line: 882
alter table atacc1_26 add constraint atacc1_constr_or check(test_a is not null or test_b < 10);

-- line: 886
alter table atacc1_26 add constraint atacc1_constr_invalid check(test_a is not null) not valid;

-- line: 943
create table def_test (
	c1	int4 default 5,
	c2	text default 'initial_default'
);

-- line: 1186
create table renameColumn (a int);

-- line: 1196
alter table renameColumn rename column a to d;

-- line: 1204
alter table renameColumn add column w int;

-- line: 1210, from: 18
alter table renameColumn add column x int check (x > 0) not enforced;

-- line: 1313
create table p1_6 (f1 int);

-- line: 1314
create table c1_6 (f2 text, f3 int) inherits (p1_6);

-- line: 1351
create table anothertab (atcol1 serial8, atcol2 boolean,
	constraint anothertab_chk check (atcol1 <= 3));

-- line: 1392
create table anothertab_2(f1 int primary key, f2 int unique,
                        f3 int, f4 int, f5 int);

-- line: 1394
alter table anothertab_2
  add exclude using btree (f3 with =);

-- line: 1396
alter table anothertab_2
  add exclude using btree (f4 with =) where (f4 is not null);

-- line: 1398
alter table anothertab_2
  add exclude using btree (f4 with =) where (f5 > 0);

-- line: 1442
create table at_tab1 (a int, b text);

-- line: 1447
create table at_tab2_2 (x int, y text, check((x,y)::at_tab1 = (1,'42')::at_tab1));

-- line: 1476
create table at_partitioned_2(id int, name varchar(64), unique (id, name))
  partition by hash(id);

-- line: 1484
create table at_partitioned_1 partition of at_partitioned_2
  for values with (modulus 2, remainder 1);

-- line: 1568
CREATE TABLE test_inh_check (a float check (a > 10.2), b float);

-- line: 1635
create table at_base_table(id int, stuff text);

-- line: 1637
create view at_view_1 as select * from at_base_table bt;

-- line: 1638
create view at_view_2 as select *, to_json(v1) as j from at_view_1 v1;

-- line: 1644
CREATE view at_view_1_2 as select *, 2+2 as more from at_base_table bt;

-- line: 1656
CREATE table t1 as select * from int8_tbl WITH NO DATA;

-- line: 1657
CREATE view v1 as select 1::int8 as q1;

-- line: 1659
CREATE view v1_2 with (security_barrier = true)
  as select * from t1;

-- line: 1662
CREATE table log (q1 int8, q2 int8);

-- line: 1663
create rule v1_upd_rule as on update to v1_2
  do also insert into log values (new.*);

-- line: 1883
create function test_strict(text) returns text as
    'select coalesce($1, ''got passed a null'');'
    language sql returns null on null input;

-- line: 1886
CREATE VIEW line_1886 AS
select test_strict(NULL);

-- line: 1908
create function plus1(int) returns int as 'select $1+1' language sql;

-- line: 1959
CREATE VIEW line_1959 AS
select plus1(41);

-- line: 2000
CREATE TYPE test_type1 AS (a int, b text);

-- line: 2005
CREATE TABLE test_tbl1_2 (x int, y text);

-- line: 2006
CREATE INDEX test_tbl1_idx ON test_tbl1_2((row(x,y)::test_type1));

-- line: 2091
CREATE TABLE test_drop_constr_parent (c text CHECK (c IS NOT NULL));

-- line: 2108
CREATE TABLE tt8(a int);

-- line: 2111
ALTER TABLE tt8 ADD COLUMN f int;

-- line: 2112
ALTER TABLE tt8 ADD CONSTRAINT xxx PRIMARY KEY(f);

-- line: 2113
ALTER TABLE tt8 ADD CHECK (f BETWEEN 0 AND 10);

-- line: 2296
CREATE TABLE test_add_column(c1_6 integer);

-- line: 2298
ALTER TABLE test_add_column
	ADD COLUMN c2 integer;

-- line: 2331
ALTER TABLE test_add_column
	ADD COLUMN c5 SERIAL CHECK (c5 > 8);

-- line: 2358
CREATE TABLE ataddindex_2(f1 VARCHAR(10));

-- line: 2360
ALTER TABLE ataddindex_2
  ALTER f1 SET DATA TYPE TEXT,
  ADD EXCLUDE ((f1 LIKE 'a') WITH =);

-- line: 2393
CREATE TABLE partitioned (
	a int,
	b int
) PARTITION BY RANGE (a, (a+b+1));

-- line: 2517
CREATE TABLE part_1 (
	a int NOT NULL,
	b char(2) COLLATE "C",
	CONSTRAINT check_a CHECK (a > 0)
);

-- line: 2528, from: 18
CREATE TABLE part_fail (a int NOT NULL NO INHERIT,
	b char(2) COLLATE "C",
	CONSTRAINT check_a CHECK (a > 0)
);

-- line: 2548
CREATE TABLE list_parted2 (
	a int,
	b char
) PARTITION BY LIST (a);

-- line: 2573
CREATE TABLE part_3_4 (
	LIKE list_parted2,
	CONSTRAINT check_a CHECK (a IN (3))
);

-- line: 2599
CREATE TABLE part1 (
	a int NOT NULL CHECK (a = 1),
	b int NOT NULL CHECK (b >= 1 AND b <= 10)
);

-- line: 2636
CREATE TABLE part_5 (
	LIKE list_parted2
) PARTITION BY LIST (b);

-- line: 2641
CREATE TABLE part_5_a PARTITION OF part_5 FOR VALUES IN ('a');

-- line: 2646, from: 14
CREATE PROCEDURE line_2646() LANGUAGE sql BEGIN ATOMIC
DELETE FROM part_5_a WHERE a NOT IN (3);
END;

-- line: 2647
ALTER TABLE part_5 ADD CONSTRAINT check_a CHECK (a IS NOT NULL AND a = 5);

-- line: 2659
CREATE TABLE part_6 (
	c int,
	LIKE list_parted2,
	CONSTRAINT check_a CHECK (a IS NOT NULL AND a = 6)
);

-- line: 2670
CREATE TABLE part_7 (
	LIKE list_parted2,
	CONSTRAINT check_a CHECK (a IS NOT NULL AND a = 7)
) PARTITION BY LIST (b);

-- line: 2674
CREATE TABLE part_7_a_null (
	c int,
	d int,
	e int,
	LIKE list_parted2,
	CONSTRAINT check_b CHECK (b IS NULL OR b = 'a'),
	CONSTRAINT check_a CHECK (a IS NOT NULL AND a = 7)
);

-- line: 2822
CREATE TABLE range_parted2_2 (
	a int
) PARTITION BY RANGE(a);

-- line: 2841
CREATE TABLE part_rp100 PARTITION OF range_parted2_2 (CHECK (a>=123 AND a<133 AND a IS NOT NULL)) FOR VALUES FROM (100) to (200);

-- line: 2878
ALTER TABLE list_parted2 ADD CONSTRAINT check_b_2 CHECK (b <> 'zz');

-- line: 2884
CREATE TABLE parted_no_parts (a int) PARTITION BY LIST (a);

-- line: 2886
ALTER TABLE ONLY parted_no_parts ADD CONSTRAINT check_a CHECK (a > 0);

-- line: 2890
ALTER TABLE list_parted2 ALTER b SET NOT NULL, ADD CONSTRAINT check_a2 CHECK (a > 0);

-- line: 3095
create table attbl_3(a int);

-- line: 3096
create table atref_3(b attbl_3 check ((b).a is not null));

-- line: 3100, from: 14
create statistics atref_stat on ((b).a is not null) from atref_3;

-- source: postgresql-18 18.6 src/test/regress/sql/replica_identity.sql
CREATE SCHEMA of_replica_identity; SET LOCAL search_path = of_replica_identity, test_setup, create_misc;

-- line: 1
CREATE TABLE test_replica_identity (
       id serial primary key,
       keya text not null,
       keyb text not null,
       nonkey text,
       CONSTRAINT test_replica_identity_unique_defer UNIQUE (keya, keyb) DEFERRABLE,
       CONSTRAINT test_replica_identity_unique_nondefer UNIQUE (keya, keyb)
);

-- line: 14
CREATE UNIQUE INDEX test_replica_identity_keyab_key ON test_replica_identity (keya, keyb);

-- line: 15
CREATE UNIQUE INDEX test_replica_identity_nonkey ON test_replica_identity (keya, nonkey);

-- line: 17
CREATE UNIQUE INDEX test_replica_identity_expr ON test_replica_identity (keya, keyb, (3));

-- line: 111
CREATE TABLE test_replica_identity4(id integer NOT NULL) PARTITION BY LIST (id);

-- line: 112
CREATE TABLE test_replica_identity4_1(id integer NOT NULL);

-- line: 113
ALTER TABLE ONLY test_replica_identity4
  ATTACH PARTITION test_replica_identity4_1 FOR VALUES IN (1);

-- source: postgresql-18 18.6 src/test/regress/sql/rowsecurity.sql
CREATE SCHEMA of_rowsecurity; SET LOCAL search_path = of_rowsecurity, test_setup, create_misc;

-- line: 39
CREATE FUNCTION f_leak(text) RETURNS bool
    COST 0.0000001 LANGUAGE plpgsql
    AS 'BEGIN RAISE NOTICE ''f_leak => %'', $1; RETURN true; END';

-- line: 47
CREATE TABLE uaccount (
    pguser      name primary key,
    seclv       int
);

-- line: 58
CREATE TABLE category (
    cid        int primary key,
    cname      text
);

-- line: 69
CREATE TABLE document (
    did         int primary key,
    cid         int references category(cid),
    dlevel      int not null,
    dauthor     name,
    dtitle      text
);

-- line: 92
CREATE POLICY p1 ON document AS PERMISSIVE
    USING (dlevel <= (SELECT seclv FROM uaccount WHERE pguser = current_user));

-- line: 103
CREATE POLICY p2r ON document AS RESTRICTIVE TO public
    USING (cid <> 44 AND cid < 50);

-- line: 117
CREATE VIEW line_117 AS
SELECT * FROM document WHERE f_leak(dtitle) ORDER BY did;

-- line: 151
ALTER POLICY p1 ON document USING (true);

-- line: 155
ALTER POLICY p1 ON document USING (dauthor = current_user);

-- line: 235
CREATE TABLE t1 (id int not null primary key, a int, junk1 text, b text);

-- line: 266
CREATE POLICY p1 ON t1 FOR ALL TO public USING (a % 2 = 0);

-- line: 292
CREATE VIEW line_292 AS
SELECT * FROM t1 WHERE f_leak(b) FOR SHARE;

-- line: 317
CREATE TABLE part_document (
    did         int,
    cid         int,
    dlevel      int not null,
    dauthor     name,
    dtitle      text
) PARTITION BY RANGE (cid);

-- line: 328
CREATE TABLE part_document_satire PARTITION OF part_document FOR VALUES FROM (55) to (56);

-- line: 395
CREATE POLICY pp3 ON part_document_satire AS RESTRICTIVE
    USING (cid < 55);

-- line: 466
CREATE TABLE dependee (x integer, y integer);

-- line: 468
CREATE TABLE dependent (x integer, y integer);

-- line: 469
CREATE POLICY d1 ON dependent FOR ALL
    TO public
    USING (x = (SELECT d.x FROM dependee d WHERE d.y = y));

-- line: 536
CREATE TABLE s1 (a int, b text);

-- line: 539
CREATE TABLE s2 (x int, y text);

-- line: 544
CREATE POLICY p1 ON s1 USING (a in (select x from s2 where y like '%2f%'));

-- line: 546
CREATE POLICY p3 ON s1 FOR INSERT WITH CHECK (a = (SELECT a FROM s1));

-- line: 552
CREATE VIEW v2 AS SELECT * FROM s2 WHERE y like '%af%';

-- line: 566
ALTER POLICY p1 ON s1 USING (a in (select x from v2));

-- line: 608, from: 14
CREATE PROCEDURE line_608() LANGUAGE sql BEGIN ATOMIC
UPDATE t1 SET b = b || b WHERE f_leak(b);
END;

-- line: 671
CREATE TABLE b1 (a int, b text);

-- line: 679
CREATE VIEW bv1 WITH (security_barrier) AS SELECT * FROM b1 WHERE a > 0 WITH CHECK OPTION;

-- line: 709
CREATE POLICY p3 ON document FOR UPDATE
  USING (cid = (SELECT cid from category WHERE cname = 'novel'))
  WITH CHECK (dauthor = current_user);

-- line: 764
CREATE POLICY p3_with_default ON document FOR UPDATE
  USING (cid = (SELECT cid from category WHERE cname = 'novel'));

-- line: 819
ALTER TABLE document ADD COLUMN dnotes text DEFAULT '';

-- line: 825
CREATE POLICY p3_2 ON document FOR UPDATE
  USING (cid = (SELECT cid from category WHERE cname = 'novel'))
  WITH CHECK (dlevel > 0);

-- line: 829
CREATE POLICY p4 ON document FOR DELETE
  USING (cid = (SELECT cid from category WHERE cname = 'manga'));

-- line: 867, from: 15
CREATE PROCEDURE line_867() LANGUAGE sql BEGIN ATOMIC
MERGE INTO document d
USING (SELECT 3 as sdid) s
ON did = s.sdid
WHEN MATCHED THEN
	DELETE;
END;

-- line: 1028
CREATE TABLE z1 (a int, b text);

-- line: 1040
CREATE POLICY p1_4 ON z1 TO public USING (a % 2 = 0);

-- line: 1041
CREATE POLICY p2_2 ON z1 TO public USING (a % 2 = 1);

-- line: 1087
CREATE VIEW rls_view AS SELECT * FROM z1 WHERE f_leak(b);

-- line: 1172, from: 15
CREATE VIEW rls_view_3 WITH (security_invoker) AS
    SELECT * FROM z1 WHERE f_leak(b);

-- line: 1259
CREATE TABLE x1 (a int, b text, c text);

-- line: 1272
CREATE POLICY p0 ON x1 FOR ALL USING (c = current_user);

-- line: 1273
CREATE POLICY p1_4 ON x1 FOR SELECT USING (a % 2 = 0);

-- line: 1275
CREATE POLICY p3_3 ON x1 FOR UPDATE USING (a % 2 = 0);

-- line: 1276
CREATE POLICY p4 ON x1 FOR DELETE USING (a < 8);

-- line: 1293
CREATE TABLE y1 (a int, b text);

-- line: 1294
CREATE TABLE y2 (a int, b text);

-- line: 1311
CREATE VIEW rls_sbv WITH (security_barrier) AS
    SELECT * FROM y1 WHERE f_leak(b);

-- line: 1338
CREATE VIEW line_1338 AS
SELECT * FROM y2 WHERE f_leak('abc');

-- line: 1362
CREATE TABLE t1_2 (a integer);

-- line: 1366
CREATE POLICY p1_5 ON t1_2 TO public USING ((a % 2) = 0);

-- line: 1367
CREATE POLICY p2_2 ON t1_2 TO public USING ((a % 4) = 0);

-- line: 1687
CREATE TABLE current_check (currentid int, payload text, rlsuser text);

-- line: 1698
CREATE POLICY p3_3 ON current_check FOR UPDATE USING (currentid = 4) WITH CHECK (rlsuser = current_user);

-- line: 1735
CREATE TABLE current_check_2 (a int, b text);

-- line: 1741
CREATE POLICY p1_6 ON current_check_2 AS PERMISSIVE
  USING (ctid IN ('(0,1)', '(0,2)', '(4294967295,0)'));

-- line: 1791
CREATE TABLE tbl1 (c) AS VALUES ('bar'::text) WITH NO DATA;

-- line: 1793
CREATE POLICY P ON tbl1 TO public USING (true);

-- line: 1840
CREATE TABLE r1_2 (a int);

-- line: 1841
CREATE TABLE r2_2 (a int);

-- line: 1847
CREATE POLICY p1_6 ON r1_2 USING (true);

-- line: 1852
CREATE POLICY p3_3 ON r2_2 FOR UPDATE USING (false);

-- line: 1853
CREATE POLICY p4 ON r2_2 FOR DELETE USING (false);

-- line: 2084, from: 18
CREATE TABLE r1_9 (a int, b int GENERATED ALWAYS AS (a * 10) VIRTUAL);

-- line: 2085, from: 18
ALTER TABLE r1_9 ADD c int GENERATED ALWAYS AS (a * 100) VIRTUAL;

-- line: 2088, from: 18
CREATE POLICY p0 ON r1_9 USING (b * 10 = c);

-- line: 2108
CREATE TABLE dep1 (c1 int);

-- line: 2109
CREATE TABLE dep2 (c1 int);

-- line: 2111
CREATE POLICY dep_p1 ON dep1 TO public USING (c1 > (select max(dep2.c1) from dep2));

-- line: 2142
CREATE TABLE dob_t1 (c1 int);

-- line: 2145
CREATE POLICY p1_6 ON dob_t1 TO public USING (true);

-- line: 2154
CREATE POLICY p1_8 ON dob_t1 TO public USING (true);

-- line: 2158
CREATE POLICY p1_9 ON dob_t1 TO public USING (true);

-- line: 2268
CREATE TABLE rls_tbl_3 (a int, b int, c int);

-- line: 2269
CREATE POLICY p1_9 ON rls_tbl_3 USING (rls_tbl_3 >= ROW(1,1,1));

-- line: 2286
create table rls_t (c text);

-- line: 2290
create policy p1_9 on rls_t for select TO public using (true);

-- line: 2347, from: 15
create view rls_v with (security_invoker) as select * from rls_t;

-- line: 2364
create table rls_t_2 (c text);

-- line: 2371
create policy p1_9 on rls_t_2 for select TO public
  using (c = current_setting('rls_test.blah'));

-- line: 2425
CREATE TABLE rls_tbl_4 (c1 int);

-- line: 2429
CREATE POLICY p3_3 ON rls_tbl_4 FOR UPDATE USING (c1 <= 3) WITH CHECK (c1 > 5);

-- source: postgresql-18 18.6 src/test/regress/sql/privileges.sql
CREATE SCHEMA of_privileges; SET LOCAL search_path = of_privileges, test_setup, create_misc;

-- line: 135
CREATE VIEW line_135 AS
SELECT session_user, current_role, current_user, current_setting('role') as role;

-- line: 204
CREATE TABLE atest1 ( a int, b text );

-- line: 245, from: 14
CREATE PROCEDURE line_245() LANGUAGE sql BEGIN ATOMIC
INSERT INTO atest1 SELECT 1, b FROM atest1;
END;

-- line: 436
CREATE VIEW atestv0 AS SELECT 0 as x WHERE false;

-- line: 482
CREATE TABLE atest5 (one int, two int unique, three int, four int unique);

-- line: 504
CREATE VIEW line_504 AS
SELECT 1 FROM atest5 a NATURAL JOIN atest5 b;

-- line: 526
CREATE VIEW line_526 AS
SELECT * FROM atest1, atest5;

-- line: 602
CREATE TABLE mtarget (a int, b text);

-- line: 603
CREATE TABLE msource (a int, b text);

-- line: 633, from: 15
CREATE PROCEDURE line_633() LANGUAGE sql BEGIN ATOMIC
MERGE INTO mtarget t USING msource s ON t.a = s.a
WHEN MATCHED AND s.b = 'x' THEN
	UPDATE SET b = 'x'
WHEN NOT MATCHED THEN
	INSERT VALUES (a, NULL);
END;

-- line: 710
CREATE TABLE t1 (c1 int, c2 int, c3 int check (c3 < 5), primary key (c1, c2));

-- line: 922
CREATE TYPE priv_testtype1 AS (a int, b text);

-- line: 928
CREATE DOMAIN priv_testdomain1 AS int;

-- line: 947
CREATE DOMAIN priv_testdomain4a AS int CHECK (VALUE > ('(0,1)'::priv_testtype1).a);

-- line: 951
CREATE FUNCTION priv_testfunc7a(a int DEFAULT ('(0,1)'::priv_testtype1).a) RETURNS int LANGUAGE SQL AS $$ SELECT $1 $$;

-- line: 961
CREATE TABLE test9a (a int, b int);

-- line: 962
ALTER TABLE test9a ADD COLUMN c priv_testdomain1;

-- line: 963
ALTER TABLE test9a ALTER COLUMN b TYPE priv_testdomain1;

-- line: 964
CREATE INDEX ON test9a ((a::priv_testdomain1));

-- line: 968
CREATE TYPE test8a AS (a int, b int);

-- line: 969
ALTER TYPE test8a ADD ATTRIBUTE c priv_testdomain1;

-- line: 970
ALTER TYPE test8a ALTER ATTRIBUTE b TYPE priv_testdomain1;

-- line: 972
CREATE DOMAIN priv_testdomain5a AS test8a CHECK ((VALUE).a > 0 AND ('(0,1)'::priv_testtype1).a >= 0);

-- line: 976
CREATE VIEW test16a AS SELECT ('(0,1)'::priv_testtype1).a;

-- line: 977
CREATE TABLE test17a (a int) PARTITION BY RANGE ((a + ('(0,1)'::priv_testtype1).a));

-- line: 978
CREATE POLICY priv_testpolicy1a ON test9a USING (('(0,1)'::priv_testtype1).a > 0);

-- line: 982
CREATE TABLE test12 (c int DEFAULT 0 CHECK (c > 0 AND '(0,1)'::priv_testtype1 IS NOT NULL));

-- line: 983
CREATE TABLE test13 (c int DEFAULT ('(0,1)'::priv_testtype1).a);

-- line: 1018
CREATE TYPE test8b AS (a int, b int);

-- line: 1019
ALTER TYPE test8b ADD ATTRIBUTE c priv_testdomain1;

-- line: 1020
ALTER TYPE test8b ALTER ATTRIBUTE b TYPE priv_testdomain1;

-- line: 1022
CREATE DOMAIN priv_testdomain5b AS test8b CHECK ((VALUE).a > 0 AND ('(0,1)'::priv_testtype1).a >= 0);

-- line: 1032
CREATE TABLE test12_2 (c int DEFAULT 0 CHECK (c > 0 AND '(0,1)'::priv_testtype1 IS NOT NULL));

-- line: 1039
ALTER TABLE test12_2 ALTER COLUMN c TYPE bigint;

-- line: 1041
ALTER TABLE test12_2 ALTER COLUMN c SET DEFAULT ('(0,1)'::priv_testtype1).a;

-- line: 1276
CREATE FUNCTION unwanted_grant() RETURNS void LANGUAGE sql AS
	'GRANT regress_priv_group2 TO regress_sro_user';

-- line: 1278
CREATE FUNCTION mv_action() RETURNS bool LANGUAGE sql AS
	'DECLARE c CURSOR WITH HOLD FOR SELECT unwanted_grant(); SELECT true';

-- line: 1281
CREATE MATERIALIZED VIEW sro_mv AS SELECT mv_action() WITH NO DATA;

-- line: 1303
CREATE FUNCTION unwanted_grant_nofail(int) RETURNS int
	IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
	PERFORM unwanted_grant();
	RAISE WARNING 'owned';
	RETURN 1;
EXCEPTION WHEN OTHERS THEN
	RETURN 2;
END$$;

-- line: 1312
CREATE MATERIALIZED VIEW sro_index_mv AS SELECT 1 AS c WITH NO DATA;

-- line: 1313
CREATE UNIQUE INDEX ON sro_index_mv (c) WHERE unwanted_grant_nofail(1) > 0;

-- source: postgresql-18 18.6 src/test/regress/sql/partition_aggregate.sql
CREATE SCHEMA of_partition_aggregate; SET LOCAL search_path = of_partition_aggregate, test_setup, create_misc;

-- line: 21
CREATE TABLE pagg_tab (a int, b int, c text, d int) PARTITION BY LIST(c);

-- line: 22
CREATE TABLE pagg_tab_p1 PARTITION OF pagg_tab FOR VALUES IN ('0000', '0001', '0002', '0003', '0004');

-- line: 25, from: 14
CREATE PROCEDURE line_25() LANGUAGE sql BEGIN ATOMIC
INSERT INTO pagg_tab SELECT i % 20, i % 30, to_char(i % 12, 'FM0000'), i % 30 FROM generate_series(0, 2999) i;
END;

-- line: 29
CREATE VIEW line_29 AS
SELECT c, sum(a), avg(b), count(*), min(a), max(b) FROM pagg_tab GROUP BY c HAVING avg(d) < 15 ORDER BY 1, 2, 3;

-- line: 92
CREATE VIEW line_92 AS
SELECT c, sum(b order by a) FROM pagg_tab GROUP BY c ORDER BY 1, 2;

-- line: 103
CREATE TABLE pagg_tab1(x int, y int) PARTITION BY RANGE(x);

-- line: 108
CREATE TABLE pagg_tab2(x int, y int) PARTITION BY RANGE(y);

-- line: 113, from: 14
CREATE PROCEDURE line_113() LANGUAGE sql BEGIN ATOMIC
INSERT INTO pagg_tab1 SELECT i % 30, i % 20 FROM generate_series(0, 299, 2) i;
END;

-- line: 179
CREATE VIEW line_179 AS
SELECT a.x, a.y, count(*) FROM (SELECT * FROM pagg_tab1 WHERE x = 1 AND x = 2) a LEFT JOIN pagg_tab2 b ON a.x = b.y GROUP BY a.x, a.y ORDER BY 1, 2;

-- line: 186
CREATE TABLE pagg_tab_m (a int, b int, c int) PARTITION BY RANGE(a, ((a+b)/2));

-- source: postgresql-18 18.6 src/test/regress/sql/partition_info.sql
CREATE SCHEMA of_partition_info; SET LOCAL search_path = of_partition_info, test_setup, create_misc;

-- line: 12
CREATE TABLE ptif_test (a int, b int) PARTITION BY range (a);

-- line: 13
CREATE TABLE ptif_test0 PARTITION OF ptif_test
  FOR VALUES FROM (minvalue) TO (0) PARTITION BY list (b);

-- source: postgresql-18 18.6 src/test/regress/sql/partition_join.sql
CREATE SCHEMA of_partition_join; SET LOCAL search_path = of_partition_join, test_setup, create_misc;

-- line: 12
CREATE TABLE prt1 (a int, b int, c varchar) PARTITION BY RANGE(a);

-- line: 16, from: 14
CREATE PROCEDURE line_16() LANGUAGE sql BEGIN ATOMIC
INSERT INTO prt1 SELECT i, i % 25, to_char(i, 'FM0000') FROM generate_series(0, 599) i WHERE i % 2 = 0;
END;

-- line: 22
CREATE TABLE prt2 (a int, b int, c varchar) PARTITION BY RANGE(b);

-- line: 33
CREATE VIEW line_33 (c1, c2, c3, c4) AS
SELECT t1.a, t1.c, t2.b, t2.c FROM prt1 t1, prt2 t2 WHERE t1.a = t2.b AND t1.b = 0 ORDER BY t1.a, t2.b;

-- line: 153
CREATE TABLE prt1_e (a int, b int, c int) PARTITION BY RANGE(((a + b)/2));

-- line: 154
CREATE TABLE prt1_e_p1 PARTITION OF prt1_e FOR VALUES FROM (0) TO (250);

-- line: 158
CREATE INDEX iprt1_e_p1_ab2 on prt1_e_p1(((a+b)/2));

-- line: 214
CREATE VIEW line_214 AS
SELECT t1.* FROM prt1 t1 WHERE t1.a IN (SELECT t1.b FROM prt2 t1, prt1_e t2 WHERE t1.a = 0 AND t1.b = (t2.a + t2.b)/2) AND t1.b = 0 ORDER BY t1.a;

-- line: 259
CREATE TABLE prt2_m (a int, b int, c int) PARTITION BY RANGE(((b + a)/2), b);

-- line: 290
CREATE TABLE plt1_e (a int, b int, c text) PARTITION BY LIST(ltrim(c, 'A'));

-- line: 318
CREATE TABLE pht1 (a int, b int, c text) PARTITION BY HASH(c);

-- line: 319
CREATE TABLE pht1_p1 PARTITION OF pht1 FOR VALUES WITH (MODULUS 3, REMAINDER 0);

-- line: 320
CREATE TABLE pht1_p2 PARTITION OF pht1 FOR VALUES WITH (MODULUS 3, REMAINDER 1);

-- line: 321
CREATE TABLE pht1_p3 PARTITION OF pht1 FOR VALUES WITH (MODULUS 3, REMAINDER 2);

-- line: 335
CREATE TABLE pht1_e (a int, b int, c text) PARTITION BY HASH(ltrim(c, 'A'));

-- line: 469
CREATE TABLE prt2_n (a int, b int, c text) PARTITION BY LIST(c);

-- line: 470
CREATE TABLE prt2_n_p1 PARTITION OF prt2_n FOR VALUES IN ('0000', '0003', '0004', '0010', '0006', '0007');

-- line: 533
CREATE table prtx1 (a integer, b integer, c integer)
  partition by range (a);

-- line: 538
CREATE table prtx2 (a integer, b integer, c integer)
  partition by range (a);

-- line: 552
CREATE VIEW line_552 AS
select * from prtx1
where not exists (select 1 from prtx2
                  where prtx2.a=prtx1.a and prtx2.b=prtx1.b and prtx2.c=123)
  and a<20 and c=120;

-- line: 579
CREATE TABLE prt1_adv (a int, b int, c varchar) PARTITION BY RANGE (a);

-- line: 584, from: 14
CREATE PROCEDURE line_584() LANGUAGE sql BEGIN ATOMIC
INSERT INTO prt1_adv SELECT i, i % 25, to_char(i, 'FM0000') FROM generate_series(100, 399) i;
END;

-- source: postgresql-18 18.6 src/test/regress/sql/partition_prune.sql
CREATE SCHEMA of_partition_prune; SET LOCAL search_path = of_partition_prune, test_setup, create_misc;

-- line: 27
create table lp (a char) partition by list (a);

-- line: 42
CREATE VIEW line_42 AS
select * from lp where a is not null and (a = 'a' or a = 'c');

-- line: 56
create table rlp (a int, b varchar) partition by range (a);

-- line: 77
create table rlp5 partition of rlp for values from (31) to (maxvalue) partition by range (a);

-- line: 142
create table mc3p (a int, b int, c int) partition by range (a, abs(b), c);

-- line: 148
create table mc3p4 partition of mc3p for values from (10, 10, 20) to (10, maxvalue, maxvalue);

-- line: 196
create table boolpart (a bool) partition by list (a);

-- line: 237
CREATE VIEW line_237 AS
select * from boolpart where a is false and a is unknown;

-- line: 242
create table iboolpart (a bool) partition by list ((not a));

-- line: 370
create table coll_pruning_multi (a text) partition by range (substr(a, 1) collate "POSIX", substr(a, 1) collate "C");

-- line: 849
create table listp (a int, b int) partition by list (a);

-- line: 880
CREATE VIEW line_880 AS
select * from listp where a = (select null::int);

-- line: 931
create table mc3p_2 (a int, b int, c int) partition by range (a, abs(b), c);

-- line: 936
create table mc3p2_2 partition of mc3p_2
  for values from (2, minvalue, minvalue) to (3, maxvalue, maxvalue);

-- line: 1104
create table inh_lp (a int, value int);

-- line: 1105
create table inh_lp1 (a int, value int, check(a = 1)) inherits (inh_lp);

-- line: 1136
CREATE table q (a int, b int, c int) partition by list (a);

-- line: 1284
create table rp_prefix_test3 (a int, b int, c int, d int) partition by range(a, b, c, d);

-- line: 1285
create table rp_prefix_test3_p1 partition of rp_prefix_test3 for values from (1, 1, 1, 0) to (1, 1, 1, 10);

-- line: 1384
create table part_abc_1 (b text, a int, c bool);

-- line: 1385
create table part_abc_3 (a int, c bool, b text);

-- line: 1390
create view part_abc_view as select * from part_abc_3 where b <> 'a' with check option;

-- line: 1404
create function stable_one() returns int as $$ begin return 1; end; $$ language plpgsql stable;

-- line: 1405, from: 17
CREATE PROCEDURE line_1405() LANGUAGE sql BEGIN ATOMIC
merge into part_abc_view pt
using (select stable_one() as pid) as q join part_abc_1 pt1 on (q.pid = pt1.a) on pt.a = pt1.a
when matched then delete returning pt.a;
END;

-- line: 1415, from: 17
CREATE PROCEDURE line_1415() LANGUAGE sql BEGIN ATOMIC
merge into part_abc_view pt
using (select stable_one() + 2 as pid) as q join part_abc_1 pt1 on (q.pid = pt1.a) on pt.a = pt1.a
when matched then delete returning pt.a;
END;

-- source: postgresql-18 18.6 src/test/regress/sql/hash_part.sql
CREATE SCHEMA of_hash_part; SET LOCAL search_path = of_hash_part, test_setup, create_misc;

-- line: 15
CREATE VIEW line_15 AS
SELECT satisfies_hash_partition(0, 4, 0, NULL);

-- line: 18
CREATE VIEW line_18 AS
SELECT satisfies_hash_partition('tenk1'::regclass, 4, 0, NULL);

-- line: 82
create table text_hashp (a text) partition by hash (a);

-- line: 87
CREATE VIEW line_87 AS
select satisfies_hash_partition('text_hashp'::regclass, 2, 0, 'xxx'::text) OR
	   satisfies_hash_partition('text_hashp'::regclass, 2, 1, 'xxx'::text) AS satisfies;

-- source: postgresql-18 18.6 src/test/regress/sql/without_overlaps.sql
CREATE SCHEMA of_without_overlaps; SET LOCAL search_path = of_without_overlaps, test_setup, create_misc;

-- line: 106, from: 18
CREATE TABLE temporal_mltrng (
  id int4range,
  valid_at datemultirange,
  CONSTRAINT temporal_mltrng_pk PRIMARY KEY (id, valid_at WITHOUT OVERLAPS)
);

-- line: 203
CREATE DOMAIN int4range_d AS int4range CHECK (VALUE <> '[10,11)');

-- line: 218
CREATE TABLE temporal_rng_4 (
  id int4range,
  valid_at daterange
);

-- line: 222, from: 18
ALTER TABLE temporal_rng_4
  ADD CONSTRAINT temporal_rng_pk_4
  PRIMARY KEY (id, valid_at WITHOUT OVERLAPS);

-- line: 329, from: 14
CREATE PROCEDURE line_329() LANGUAGE sql BEGIN ATOMIC
UPDATE  temporal_rng_4
SET     id = '[11,12)'
WHERE   id = '[1,2)'
AND     valid_at @> '2018-01-15'::date;
END;

-- line: 869, from: 18
CREATE PROCEDURE line_869() LANGUAGE sql BEGIN ATOMIC
INSERT INTO temporal_mltrng (id, valid_at) VALUES ('[1,2)', datemultirange(daterange('2005-01-01', '2006-01-01'))) ON CONFLICT ON CONSTRAINT temporal_mltrng_pk DO NOTHING;
END;

-- source: postgresql-18 18.6 src/test/regress/sql/stats_ext.sql
CREATE SCHEMA of_stats_ext; SET LOCAL search_path = of_stats_ext, test_setup, create_misc;

-- line: 10
create function check_estimated_rows(text) returns table (estimated int, actual int)
language plpgsql as
$$
declare
    ln text;
    tmp text[];
    first_row bool := true;
begin
    for ln in
        execute format('explain analyze %s', $1)
    loop
        if first_row then
            first_row := false;
            tmp := regexp_match(ln, 'rows=(\d*) .* rows=(\d*)');
            return query select tmp[1]::int, tmp[2]::int;
        end if;
    end loop;
end;
$$;

-- line: 63, from: 18
CREATE TABLE ext_stats_test1 (x int, y int, z int GENERATED ALWAYS AS (x+y) VIRTUAL, w xid);

-- line: 151
CREATE TABLE stxdinh(a int, b int);

-- line: 154, from: 14
CREATE PROCEDURE line_154() LANGUAGE sql BEGIN ATOMIC
INSERT INTO stxdinh SELECT mod(a,50), mod(a,100) FROM generate_series(0, 1999) a;
END;

-- line: 160
CREATE VIEW line_160 AS
SELECT * FROM check_estimated_rows('SELECT a, b FROM stxdinh* GROUP BY 1, 2');

-- line: 175
CREATE TABLE stxdinp(i int, a int, b int) PARTITION BY RANGE (i);

-- line: 178, from: 14
CREATE STATISTICS stxdinp ON (a + 1), a, b FROM stxdinp;

-- line: 186
CREATE TABLE ab1_4 (a INTEGER, b INTEGER, c TIMESTAMP, d TIMESTAMPTZ);

-- line: 196, from: 14
CREATE STATISTICS ab1_exprstat_3 ON (a+b), a FROM ab1_4;

-- line: 200, from: 14
CREATE STATISTICS ab1_exprstat_4 ON date_trunc('day', d) FROM ab1_4;

-- line: 206, from: 14
CREATE STATISTICS ab1_exprstat_6 ON
  (case a when 1 then true else false end), b FROM ab1_4;

-- line: 227
CREATE SEQUENCE s;

-- line: 260
CREATE TABLE ndistinct (
    filler1 TEXT,
    filler2 NUMERIC,
    a INT,
    b INT,
    filler3 DATE,
    c INT,
    d INT
)
WITH (autovacuum_enabled = off);

-- line: 400, from: 14
CREATE STATISTICS s10_2 (ndistinct) ON (a+1), (b+100), (2*c) FROM ndistinct;

-- line: 424, from: 14
CREATE STATISTICS s10_3 (ndistinct) ON a, b, (2*c) FROM ndistinct;

-- line: 491, from: 14
CREATE STATISTICS s12_2 (ndistinct) ON (c * 10), (d - 1) FROM ndistinct;

-- line: 514, from: 14
CREATE STATISTICS s12_3 (ndistinct) ON c, d, (c * 10), (d - 1) FROM ndistinct;

-- line: 564, from: 14
CREATE STATISTICS s12_4 (ndistinct) ON a, (b+1), (c * 10) FROM ndistinct;

-- line: 586
CREATE TABLE functional_dependencies (
    filler1 TEXT,
    filler2 NUMERIC,
    a INT,
    b TEXT,
    filler3 DATE,
    c INT,
    d TEXT
)
WITH (autovacuum_enabled = off);

-- line: 624, from: 14
CREATE PROCEDURE line_624() LANGUAGE sql BEGIN ATOMIC
INSERT INTO functional_dependencies (a, b, c, filler1)
     SELECT i, i, i, i FROM generate_series(1,5000) s(i);
END;

-- line: 634, from: 14
CREATE STATISTICS func_deps_stat_2 (dependencies) ON (mod(a,11)), (mod(b::int, 13)), (mod(c, 7)) FROM functional_dependencies;

-- line: 844, from: 14
CREATE STATISTICS func_deps_stat_4 (dependencies) ON (a * 2), upper(b), (c + 1) FROM functional_dependencies;

-- line: 949
CREATE TABLE mcv_lists (
    filler1 TEXT,
    filler2 NUMERIC,
    a INT,
    b VARCHAR,
    filler3 DATE,
    c INT,
    d TEXT,
    ia INT[]
)
WITH (autovacuum_enabled = off);

-- line: 994, from: 14
CREATE STATISTICS mcv_lists_stats_2 (mcv) ON (mod(a,7)), (mod(b::int,11)), (mod(c,13)) FROM mcv_lists;

-- line: 1116
ALTER TABLE mcv_lists ALTER COLUMN d TYPE VARCHAR(64);

-- line: 1166, from: 14
CREATE STATISTICS mcv_lists_stats_1 ON (mod(a,20)) FROM mcv_lists;

-- line: 1167, from: 14
CREATE STATISTICS mcv_lists_stats_2_2 ON (mod(b::int,10)) FROM mcv_lists;

-- line: 1518
CREATE TABLE expr_stats (a int, b int, c int);

-- line: 1525, from: 14
CREATE STATISTICS expr_stats_1 (mcv) ON (a+b), (a-b), (2*a), (3*b) FROM expr_stats;

-- line: 1535
CREATE TABLE expr_stats_2 (a int, b int, c int);

-- line: 1543, from: 14
CREATE STATISTICS expr_stats_1_2 (mcv) ON a, b, (2*a), (3*b), (a+b), (a-b) FROM expr_stats_2;

-- line: 1553
CREATE TABLE expr_stats_3 (a int, b name, c text);

-- line: 1559, from: 14
CREATE STATISTICS expr_stats_1_3 (mcv) ON a, b, (b || c), (c || b) FROM expr_stats_3;

-- line: 1567
CREATE TABLE expr_stats_incompatible_test (
    c0 double precision,
    c1 boolean NOT NULL
);

-- line: 1577
CREATE VIEW line_1577 AS
SELECT c0 FROM ONLY expr_stats_incompatible_test WHERE
(
  upper('x') LIKE ('x'||('[0,1]'::int4range))
  AND
  (c0 IN (0, 1) OR c1)
);

-- line: 1593
CREATE TABLE priv_test_tbl (
    a int,
    b int
);

-- line: 1607
create table stts_t1 (a int, b int);

-- line: 1637, from: 16
create statistics (mcv) ON (a+b), (a-b) FROM stts_t1;

-- line: 1685
CREATE VIEW priv_test_view WITH (security_barrier=true)
    AS SELECT * FROM priv_test_tbl WHERE false;

-- line: 1700
CREATE POLICY priv_test_tbl_pol ON priv_test_tbl USING (2 * a < 0);

-- line: 1740
CREATE TABLE stats_ext_tbl (id INT PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY, col TEXT);

-- line: 1743, from: 14
CREATE STATISTICS s_expr ON mod(id, 2), lower(col) FROM stats_ext_tbl;

-- line: 1842
CREATE TABLE sb_1 AS
  SELECT gs % 10 AS x, gs % 10 AS y, gs % 10 AS z
  FROM generate_series(1, 1e4) AS gs WITH NO DATA;

-- line: 1845
CREATE TABLE sb_2 AS
  SELECT gs % 49 AS x, gs % 51 AS y, gs % 73 AS z, 'abc' || gs AS payload
  FROM generate_series(1, 1e4) AS gs WITH NO DATA;

-- line: 1868
CREATE VIEW line_1868 AS
SELECT FROM sb_1 LEFT JOIN sb_2 ON (sb_2.x=sb_1.x) AND (sb_1.x=sb_2.x);

-- source: postgresql-18 18.6 src/test/regress/sql/polymorphism.sql
CREATE SCHEMA of_polymorphism; SET LOCAL search_path = of_polymorphism, test_setup, create_misc;

-- line: 6
create function polyf(x anyelement) returns anyelement as $$
  select x + 1
$$ language sql;

-- line: 10
CREATE VIEW line_10 AS
select polyf(42) as int, polyf(4.5) as num;

-- line: 129, from: 14
create function polyf_4(anyrange) returns anymultirange
as 'select multirange($1);' language sql;

-- line: 132, from: 14
CREATE VIEW line_132 AS
select polyf_4(int4range(1,10));

-- line: 678
create function concat(text, variadic anyarray) returns text as $$
  select array_to_string($2, $1);
$$ language sql immutable strict;

-- line: 685
CREATE VIEW line_685 AS
select concat('|', variadic array[]::int[]);

-- line: 716
create function dfunc(a int = 1, int = 2) returns int as $$
  select $1 + $2;
$$ language sql;

-- line: 735
create function dfunc_2(a int = 1, out sum int, b int = 2) as $$
  select $1 + $2;
$$ language sql;

-- line: 747
create function dfunc_3(a int DEFAULT 1.0, int DEFAULT '-1') returns int as $$
  select $1 + $2;
$$ language sql;

-- line: 752
create function dfunc_3(a text DEFAULT 'Hello', b text DEFAULT 'World') returns text as $$
  select $1 || ', ' || $2;
$$ language sql;

-- line: 765
create function dfunc_4(int = 1, int = 2) returns int as $$
  select 2;
$$ language sql;

-- line: 769
create function dfunc_4(int = 1, int = 2, int = 3, int = 4) returns int as $$
  select 4;
$$ language sql;

-- line: 779
CREATE VIEW line_779 AS
select dfunc_4(1, 2, 3);

-- line: 791
create function dfunc_4(anyelement = 'World'::text) returns text as $$
  select 'Hello, ' || $1::text;
$$ language sql;

-- line: 811
CREATE function dfunc_5(a variadic int[] default array[]::int[]) returns int as
$$ select array_upper($1, 1) $$ language sql;

-- line: 819
CREATE function dfunc_6(a variadic int[]) returns int as
$$ select array_upper($1, 1) $$ language sql;

-- line: 828
create function dfunc_6(int = 1, int = 2, int = 3) returns int as $$
  select 3;
$$ language sql;

-- line: 832
create function dfunc_6(int = 1, int = 2) returns int as $$
  select 2;
$$ language sql;

-- line: 836
create function dfunc_6(text) returns text as $$
  select $1;
$$ language sql;

-- line: 854
create function dfunc_6(a int, b int, c int = 0, d int = 0)
  returns table (a int, b int, c int, d int) as $$
  select $1, $2, $3, $4;
$$ language sql;

-- line: 877
create function dfunc_6(a varchar, b numeric, c date = current_date)
  returns table (a varchar, b numeric, c date) as $$
  select $1, $2, $3;
$$ language sql;

-- line: 892
create function dfunc_6(a varchar = 'def a', out _a varchar, c numeric = NULL, out _c numeric)
returns record as $$
  select $1, $2;
$$ language sql;

-- line: 903
CREATE VIEW line_903 AS
select * from dfunc_6('Hello', c := 100);

-- line: 912
CREATE function dfunc_8(a varchar = 'def a', out _a varchar, numeric = NULL, out _c numeric)
returns record as $$
  select $1, $2;
$$ language sql;

-- line: 934
create function dfunc_8(a anyelement, b anyelement = null, flag bool = true)
returns anyelement as $$
  select case when $3 then $1 else $2 end;
$$ language sql;

-- line: 988
CREATE VIEW dfview AS
   SELECT q1, q2,
     dfunc_8(q1,q2, flag := q1>q2) as c3,
     dfunc_8(q1, flag := q1<q2, b := q2) as c4
     FROM int8_tbl;

-- line: 1005
create function anyctest(anycompatible, anycompatible)
returns anycompatible as $$
  select greatest($1, $2)
$$ language sql;

-- line: 1010
CREATE VIEW line_1010 AS
select x, pg_typeof(x) from anyctest(11, 12) x;

-- source: postgresql-18 18.6 src/test/regress/sql/plpgsql.sql
CREATE SCHEMA of_plpgsql; SET LOCAL search_path = of_plpgsql, test_setup, create_misc;

-- line: 25
create table Room (
    roomno	char(8),
    comment	text
);

-- line: 33
create table WSlot (
    slotname	char(20),
    roomno	char(8),
    slotlink	char(20),
    backlink	char(20)
);

-- line: 51
create table PSlot (
    slotname	char(20),
    pfname	text,
    slotlink	char(20),
    backlink	char(20)
);

-- line: 61
create table PLine (
    slotname	char(20),
    phonenumber	char(20),
    comment	text,
    backlink	char(20)
);

-- line: 71
create table Hub (
    name	char(14),
    comment	text,
    nslots	integer
);

-- line: 80
create table HSlot (
    slotname	char(20),
    hubname	char(14),
    slotno	integer,
    slotlink	char(20)
);

-- line: 109
create table PHone (
    slotname	char(20),
    comment	text,
    slotlink	char(20)
);

-- line: 1009
create function pslot_backlink_view(bpchar)
returns text as '
<<outer>>
declare
    rec		record;
    bltype	char(2);
    retval	text;
begin
    select into rec * from PSlot where slotname = $1;
    if not found then
        return '''';
    end if;
    if rec.backlink = '''' then
        return ''-'';
    end if;
    bltype := substr(rec.backlink, 1, 2);
    if bltype = ''PL'' then
        declare
	    rec		record;
	begin
	    select into rec * from PLine where slotname = "outer".rec.backlink;
	    retval := ''Phone line '' || trim(rec.phonenumber);
	    if rec.comment != '''' then
	        retval := retval || '' ('';
		retval := retval || rec.comment;
		retval := retval || '')'';
	    end if;
	    return retval;
	end;
    end if;
    if bltype = ''WS'' then
        select into rec * from WSlot where slotname = rec.backlink;
	retval := trim(rec.slotname) || '' in room '';
	retval := retval || trim(rec.roomno);
	retval := retval || '' -> '';
	return retval || wslot_slotlink_view(rec.slotname);
    end if;
    return rec.backlink;
end;
' language plpgsql;

-- line: 1054
create function pslot_slotlink_view(bpchar)
returns text as '
declare
    psrec	record;
    sltype	char(2);
    retval	text;
begin
    select into psrec * from PSlot where slotname = $1;
    if not found then
        return '''';
    end if;
    if psrec.slotlink = '''' then
        return ''-'';
    end if;
    sltype := substr(psrec.slotlink, 1, 2);
    if sltype = ''PS'' then
	retval := trim(psrec.slotlink) || '' -> '';
	return retval || pslot_backlink_view(psrec.slotlink);
    end if;
    if sltype = ''HS'' then
        retval := comment from Hub H, HSlot HS
			where HS.slotname = psrec.slotlink
			  and H.name = HS.hubname;
        retval := retval || '' slot '';
	retval := retval || slotno::text from HSlot
			where slotname = psrec.slotlink;
	return retval;
    end if;
    return psrec.slotlink;
end;
' language plpgsql;

-- line: 1141
create view Pfield_v1 as select PF.pfname, PF.slotname,
	pslot_backlink_view(PF.slotname) as backside,
	pslot_slotlink_view(PF.slotname) as patch
    from PSlot PF;

-- line: 1429
CREATE FUNCTION recursion_test(int,int) RETURNS text AS '
DECLARE rslt text;
BEGIN
    IF $1 <= 0 THEN
        rslt = CAST($2 AS TEXT);
    ELSE
        rslt = CAST($1 AS TEXT) || '','' || recursion_test($1 - 1, $2);
    END IF;
    RETURN rslt;
END;' LANGUAGE plpgsql;

-- line: 1440
CREATE VIEW line_1440 AS
SELECT recursion_test(4,3);

-- line: 1819
CREATE table users(login text, id serial);

-- line: 1821
create function sp_id_user(a_login text) returns int as $$
declare x int;
begin
  select into x id from users where login = a_login;
  if found then return x; end if;
  return 0;
end$$ language plpgsql stable;

-- line: 1834
create function sp_add_user(a_login text) returns int as $$
declare my_id_user int;
begin
  my_id_user = sp_id_user( a_login );
  IF  my_id_user > 0 THEN
    RETURN -1;  -- error code for existing user
  END IF;
  INSERT INTO users ( login ) VALUES ( a_login );
  my_id_user = sp_id_user( a_login );
  IF  my_id_user = 0 THEN
    RETURN -2;  -- error code for insertion failure
  END IF;
  RETURN my_id_user;
end$$ language plpgsql;

-- line: 1849
CREATE VIEW line_1849 AS
select sp_add_user('user1');

-- line: 3508
CREATE function pleast(variadic numeric[])
returns numeric as $$
declare aux numeric = $1[array_lower($1,1)];
begin
  for i in array_lower($1,1)+1..array_upper($1,1) loop
    if $1[i] < aux then aux := $1[i]; end if;
  end loop;
  return aux;
end;
$$ language plpgsql immutable strict;

-- line: 3520
CREATE VIEW line_3520 AS
select pleast(10.2,2.2,-1.1);

-- line: 4366
create function plpgsql_domain_check(val int) returns boolean as $$
begin return val > 0; end
$$ language plpgsql immutable;

-- line: 4370
create domain plpgsql_domain as integer check(plpgsql_domain_check(value));

-- line: 4388
create function plpgsql_arr_domain_check(val int[]) returns boolean as $$
begin return val[1] > 0; end
$$ language plpgsql immutable;

-- line: 4392
create domain plpgsql_arr_domain as int[] check(plpgsql_arr_domain_check(value));

-- line: 4413
CREATE TABLE transition_table_base (id int PRIMARY KEY, val text);

-- line: 4480, from: 14
CREATE PROCEDURE line_4480() LANGUAGE sql BEGIN ATOMIC
UPDATE transition_table_base
  SET val = '*' || val || '*'
  WHERE id BETWEEN 2 AND 3;
END;

-- line: 4484
CREATE TABLE transition_table_level1
(
      level1_no serial NOT NULL ,
      level1_node_name varchar(255),
       PRIMARY KEY (level1_no)
) WITHOUT OIDS;

-- line: 4499
CREATE TABLE transition_table_status
(
      level int NOT NULL,
      node_no int NOT NULL,
      status int,
       PRIMARY KEY (level, node_no)
) WITHOUT OIDS;

-- line: 4594, from: 14
CREATE PROCEDURE line_4594() LANGUAGE sql BEGIN ATOMIC
INSERT INTO transition_table_status (level, node_no, status)
  SELECT 1, level1_no, 0 FROM transition_table_level1;
END;

-- source: postgresql-18 18.6 src/test/regress/sql/plancache.sql
CREATE SCHEMA of_plancache; SET LOCAL search_path = of_plancache, test_setup, create_misc;

-- line: 25
CREATE TABLE pcachetest_2 AS SELECT * FROM int8_tbl ORDER BY 2 WITH NO DATA;

-- line: 32
ALTER TABLE pcachetest_2 ADD COLUMN q3 bigint;

-- line: 52
CREATE VIEW pcacheview_2 AS
  SELECT q1, q2/2 AS q2 FROM pcachetest_2;

-- line: 59
create function cache_test(int) returns int as $$
declare total int;
begin
	create temp table t1(f1 int);
	insert into t1 values($1);
	insert into t1 values(11);
	insert into t1 values(12);
	insert into t1 values(13);
	select sum(f1) into total from t1;
	drop table t1;
	return total;
end
$$ language plpgsql;

-- line: 73
CREATE VIEW line_73 AS
select cache_test(1);

-- line: 79
CREATE view v1 as
  select 2+2 as f1;

-- line: 82
create function cache_test_2() returns int as $$
begin
	return f1 from v1;
end$$ language plpgsql;

-- line: 87
CREATE VIEW line_87 AS
select cache_test_2();

-- line: 89
CREATE view v1_2 as
  select 2+2+4 as f1;

-- line: 93
CREATE view v1_3 as
  select 2+2+4+(select max(unique1) from tenk1) as f1;

-- line: 183
create table test_mode (a int);

-- line: 184, from: 14
CREATE PROCEDURE line_184() LANGUAGE sql BEGIN ATOMIC
insert into test_mode select 1 from generate_series(1,1000) union all select 2;
END;

-- source: postgresql-18 18.6 src/test/regress/sql/namespace.sql
CREATE SCHEMA of_namespace; SET LOCAL search_path = of_namespace, test_setup, create_misc;

-- line: 78
CREATE FUNCTION fn(INT) RETURNS INT IMMUTABLE LANGUAGE plpgsql AS $$
  BEGIN
    RAISE NOTICE 'current search_path: %', current_setting('search_path');
    RETURN $1;
  END;
$$;

-- line: 85
CREATE TABLE test_maint(i INT);

-- line: 87
CREATE MATERIALIZED VIEW test_maint_mv AS SELECT fn(i) FROM test_maint WITH NO DATA;

-- line: 91
CREATE INDEX test_maint_idx ON test_maint (fn(i));

-- source: postgresql-18 18.6 src/test/regress/sql/dependency.sql
CREATE SCHEMA of_dependency; SET LOCAL search_path = of_dependency, test_setup, create_misc;

-- line: 89
CREATE TABLE deptest2 (f1 int);

-- line: 91
CREATE SEQUENCE ss1;

-- line: 92
ALTER TABLE deptest2 ALTER f1 SET DEFAULT nextval('ss1');

-- source: postgresql-18 18.6 src/test/regress/sql/predicate.sql
CREATE SCHEMA of_predicate; SET LOCAL search_path = of_predicate, test_setup, create_misc;

-- line: 12
CREATE TABLE pred_tab (a int NOT NULL, b int, c int NOT NULL);

-- line: 19
CREATE VIEW line_19 AS
SELECT * FROM pred_tab t WHERE t.a IS NOT NULL;

-- line: 71
CREATE VIEW line_71 (c1, c2, c3, c4, c5, c6, c7, c8, c9) AS
SELECT * FROM pred_tab t1
    FULL JOIN pred_tab t2 ON t1.a = t2.a
    LEFT JOIN pred_tab t3 ON t2.a IS NOT NULL;

-- line: 100
CREATE VIEW line_100 (c1, c2, c3, c4, c5, c6, c7, c8, c9) AS
SELECT * FROM pred_tab t1
    FULL JOIN pred_tab t2 ON t1.a = t2.a
    LEFT JOIN pred_tab t3 ON t2.a IS NOT NULL OR t2.b = 1;

-- source: postgresql-18 18.6 src/test/regress/sql/misc.sql
CREATE SCHEMA of_misc; SET LOCAL search_path = of_misc, test_setup, create_misc;

-- line: 79
CREATE TABLE onek_copy (LIKE onek);

-- line: 83
CREATE VIEW line_83 AS
SELECT * FROM onek EXCEPT ALL SELECT * FROM onek_copy;

-- line: 100
CREATE TABLE hobbies_r (
	name		text,
	person 		text
);

-- line: 105
CREATE TABLE equipment_r (
	name 		text,
	hobby		text
);

-- line: 110, from: 14
CREATE PROCEDURE line_110() LANGUAGE sql BEGIN ATOMIC
INSERT INTO hobbies_r (name, person)
   SELECT 'posthacking', p.name
   FROM person* p
   WHERE p.name = 'mike' or p.name = 'jeff';
END;

-- line: 134
CREATE FUNCTION hobbies(person)
   RETURNS setof hobbies_r
   AS 'select * from hobbies_r where person = $1.name'
   LANGUAGE SQL;

-- line: 144
CREATE FUNCTION hobby_construct_named(name text, hobby text)
   RETURNS hobbies_r
   AS 'select name, hobby'
   LANGUAGE SQL;

-- line: 154
CREATE FUNCTION equipment(hobbies_r)
   RETURNS setof equipment_r
   AS 'select * from equipment_r where hobby = $1.name'
   LANGUAGE SQL;

-- line: 174
CREATE FUNCTION equipment_named_ambiguous_1c(hobby hobbies_r)
   RETURNS setof equipment_r
   AS 'select * from equipment_r where hobby = hobby.name'
   LANGUAGE SQL;

-- line: 228
CREATE VIEW line_228 (c1, c2, c3) AS
SELECT (p.hobbies).equipment.name, p.name, name(p.hobbies) FROM person* p;

-- line: 244
CREATE VIEW line_244 AS
SELECT name(equipment_named_ambiguous_1c(hobby_construct_named(text 'skywalking', text 'mer')));

-- source: postgresql-18 18.6 src/test/regress/sql/misc_functions.sql
CREATE SCHEMA of_misc_functions; SET LOCAL search_path = of_misc_functions, test_setup, create_misc;

-- line: 52
CREATE VIEW line_52 AS
SELECT num_nonnulls(NULL);

-- line: 158
CREATE VIEW line_158 AS
select count(*) > 0 as ok from (select pg_ls_waldir()) ss;

-- line: 185
CREATE VIEW line_185 AS
select pg_read_binary_file('does not exist', 0, -1);

-- source: postgresql-18 18.6 src/test/regress/sql/tid.sql
CREATE SCHEMA of_tid; SET LOCAL search_path = of_tid, test_setup, create_misc;

-- line: 3
CREATE VIEW line_3 AS
SELECT
  '(0,0)'::tid as tid00,
  '(0,1)'::tid as tid01,
  '(-1,0)'::tid as tidm10,
  '(4294967295,65535)'::tid as tidmax;

-- line: 21
CREATE TABLE tid_tab (a int);

-- line: 32
CREATE MATERIALIZED VIEW tid_matview AS SELECT a FROM tid_tab WITH NO DATA;

-- line: 33
CREATE VIEW line_33 AS
SELECT currtid2('tid_matview'::text, '(0,1)'::tid);

-- line: 68
CREATE VIEW tid_view_fake_ctid AS SELECT 1 AS ctid, 2 AS a;

-- source: postgresql-18 18.6 src/test/regress/sql/xid.sql
CREATE SCHEMA of_xid; SET LOCAL search_path = of_xid, test_setup, create_misc;

-- line: 4
CREATE VIEW line_4 (c1, c2, c3, c4, c5, c6, c7, c8) AS
select '010'::xid,
       '42'::xid,
       '0xffffffff'::xid,
       '-1'::xid,
	   '010'::xid8,
	   '42'::xid8,
	   '0xffffffffffffffff'::xid8,
	   '-1'::xid8;

-- line: 34
CREATE VIEW line_34 AS
select '1'::xid = '1'::xid8::xid;

-- line: 69
CREATE VIEW line_69 AS
select '12:13:'::pg_snapshot;

-- source: postgresql-18 18.6 src/test/regress/sql/truncate.sql
CREATE SCHEMA of_truncate; SET LOCAL search_path = of_truncate, test_setup, create_misc;

-- line: 2
CREATE TABLE truncate_a (col1 integer primary key);

-- line: 18
CREATE TABLE trunc_b (a int REFERENCES truncate_a);

-- line: 19
CREATE TABLE trunc_c (a serial PRIMARY KEY);

-- line: 20
CREATE TABLE trunc_d (a int REFERENCES trunc_c);

-- line: 37
ALTER TABLE truncate_a ADD FOREIGN KEY (col1) REFERENCES trunc_c;

-- line: 52
CREATE VIEW line_52 AS
SELECT * FROM truncate_a
   UNION ALL
 SELECT * FROM trunc_c
   UNION ALL
 SELECT * FROM trunc_b
   UNION ALL
 SELECT * FROM trunc_d;

-- line: 184
CREATE SEQUENCE truncate_a_id1 START WITH 33;

-- line: 185
CREATE TABLE truncate_a_2 (id serial,
                         id1 integer default nextval('truncate_a_id1'));

-- line: 256
CREATE FUNCTION tp_chk_data(OUT pktb regclass, OUT pkval int, OUT fktb regclass, OUT fkval int)
  RETURNS SETOF record LANGUAGE plpgsql AS $$
  BEGIN
    RETURN QUERY SELECT
      pk.tableoid::regclass, pk.a, fk.tableoid::regclass, fk.a
    FROM truncprim pk FULL JOIN truncpart fk USING (a)
    ORDER BY 2, 4;
  END
$$;

-- line: 279
CREATE VIEW line_279 AS
select * from tp_chk_data();

-- source: postgresql-18 18.6 src/test/regress/sql/compression.sql
CREATE SCHEMA of_compression; SET LOCAL search_path = of_compression, test_setup, create_misc;

-- line: 7, from: 14
CREATE TABLE cmdata(f1 text COMPRESSION pglz);

-- line: 144, from: 14
CREATE VIEW line_144 AS
SELECT length(f1) FROM cmdata;
