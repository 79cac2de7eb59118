const { DataTypes } = require('sequelize');

module.exports.up = ({ context }) => context.addColumn('Orders', 'note', { type: DataTypes.TEXT });
module.exports.down = ({ context }) => context.removeColumn('Orders', 'note');
