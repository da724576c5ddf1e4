import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;
import java.util.HashMap;
import java.util.Map;

/** Executes each line of its input, a value, a tab and a statement with one parameter; says `ok` or the SQLSTATE. */
public class JdbcClient {
    public static void main(String[] given) throws Exception {
        boolean inTransactions = Boolean.parseBoolean(given[1]);
        Map<String, PreparedStatement> prepared = new HashMap<>();
        try (Connection connection = DriverManager.getConnection(given[0]);
                BufferedReader lines = new BufferedReader(new InputStreamReader(System.in))) {
            connection.setAutoCommit(!inTransactions);
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String[] parts = line.split("\t", 2);
                System.out.println(execute(connection, prepared, parts[1], parts[0], inTransactions));
            }
        }
    }

    private static String execute(
            Connection connection, Map<String, PreparedStatement> prepared, String sql, String value, boolean inTransactions)
            throws SQLException {
        try {
            PreparedStatement statement = prepared.get(sql);
            if (statement == null) {
                statement = connection.prepareStatement(sql);
                prepared.put(sql, statement);
            }
            if (Character.isDigit(value.charAt(0))) {
                statement.setLong(1, Long.parseLong(value));
            } else {
                statement.setObject(1, value, Types.OTHER);
            }
            statement.execute();
            if (inTransactions) {
                connection.commit();
            }
            return "ok";
        } catch (SQLException error) {
            if (inTransactions) {
                connection.rollback();
            }
            return error.getSQLState();
        }
    }
}
