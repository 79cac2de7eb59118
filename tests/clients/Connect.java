// Connects with the JDBC URL of the variable CLIENT_URL and prints who it is. Run as: java -cp DRIVER Connect.java
import java.sql.DriverManager;

class Connect {
    public static void main(String[] arguments) throws Exception {
        try (var connection = DriverManager.getConnection(System.getenv("CLIENT_URL"));
                var row = connection.createStatement().executeQuery("SELECT current_user || '@' || current_database()")) {
            row.next();
            System.out.println(row.getString(1));
        }
    }
}
