const { DataTypes } = require('sequelize');

module.exports.up = ({ context }) =>
  context.createTable('Customers', {
    id: { type: DataTypes.INTEGER, primaryKey: true, autoIncrement: true, allowNull: false },
    email: { type: DataTypes.STRING, allowNull: false, unique: true },
    createdAt: { type: DataTypes.DATE, allowNull: false },
    updatedAt: { type: DataTypes.DATE, allowNull: false },
  });

module.exports.down = ({ context }) => context.dropTable('Customers');
