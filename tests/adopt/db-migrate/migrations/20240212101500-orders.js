const fs = require('fs');
const path = require('path');

const sql = (name) => fs.readFileSync(path.join(__dirname, 'sqls', name), 'utf8');
exports.up = (db) => db.runSql(sql('20240212101500-orders-up.sql'));
exports.down = (db) => db.runSql(sql('20240212101500-orders-down.sql'));
exports._meta = { version: 1 };
