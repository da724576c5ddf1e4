import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.MigrationInfo;

/**
 * Drives the real flyway-core through its public API, with the arguments of Flyway's own command line.
 *
 * <p>The published command-line artifact cannot run from a package registry alone (modules it needs are not
 * there), so tests use the same engine the way Spring Boot does: `flyway.*` properties from
 * `-configFiles=` or ./flyway.conf, then FLYWAY_* variables, then `-key=value`, then the command.
 */
public final class FlywayLauncher {
    public static void main(String[] arguments) throws Exception {
        Map<String, String> given = new LinkedHashMap<>();
        List<String> commands = new ArrayList<>();
        for (String argument : arguments) {
            int equals = argument.indexOf('=');
            if (argument.startsWith("-") && equals > 0) {
                given.put("flyway." + argument.substring(1, equals), argument.substring(equals + 1));
            } else {
                commands.add(argument);
            }
        }
        try {
            Flyway flyway = Flyway.configure().configuration(settings(given)).envVars().load();
            for (String command : commands) {
                run(flyway, command);
            }
        } catch (FlywayException refused) {
            System.err.println("ERROR: " + refused.getMessage());
            System.exit(1);
        }
    }

    private static Map<String, String> settings(Map<String, String> given) throws Exception {
        Map<String, String> settings = new LinkedHashMap<>();
        String files = given.remove("flyway.configFiles");
        if (files == null && Files.exists(Path.of("flyway.conf"))) {
            files = "flyway.conf";
        }
        for (String file : files == null ? new String[0] : files.split(",")) {
            Properties properties = new Properties();
            try (Reader reader = new InputStreamReader(Files.newInputStream(Path.of(file)), StandardCharsets.UTF_8)) {
                properties.load(reader);
            }
            properties.forEach((key, value) -> settings.put((String) key, (String) value));
        }
        settings.putAll(given);
        return settings;
    }

    private static void run(Flyway flyway, String command) {
        switch (command) {
            case "migrate" -> System.out.println("migrated " + flyway.migrate().migrationsExecuted);
            case "validate" -> {
                flyway.validate();
                System.out.println("validated");
            }
            case "baseline" -> flyway.baseline();
            case "repair" -> flyway.repair();
            case "clean" -> flyway.clean();
            case "info" -> {
                for (MigrationInfo info : flyway.info().all()) {
                    System.out.println(String.join("|", info.getState().getDisplayName(),
                        String.valueOf(info.getVersion()), info.getDescription(), String.valueOf(info.getChecksum())));
                }
            }
            default -> throw new FlywayException("unknown command " + command);
        }
    }
}
