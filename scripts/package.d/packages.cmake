# What `cpack -G DEB` makes of any build folder: towline-server, towline-worker and towline for
# Debian 12. A component is a package.
include(GNUInstallDirs)
set(package_folder ${CMAKE_CURRENT_LIST_DIR})
set(package_made ${CMAKE_BINARY_DIR}/package.d)  # made of templates

# towline_package(NAME SUMMARY [COMMANDS ...] [DOCS ...]): the program, its manual page and its
# documents. The page is what the program says of itself and of its COMMANDS when it is packaged.
function(towline_package name summary)
  cmake_parse_arguments(P "" "" "COMMANDS;DOCS" ${ARGN})
  install(TARGETS ${name} DESTINATION bin COMPONENT ${name})
  install(CODE "execute_process(
    COMMAND ${package_folder}/manual-page $<TARGET_FILE:${name}> \"${summary}\" ${P_COMMANDS}
    OUTPUT_FILE ${package_made}/${name}.1 COMMAND_ERROR_IS_FATAL ANY)" COMPONENT ${name})
  install(FILES ${package_made}/${name}.1 DESTINATION share/man/man1 COMPONENT ${name})
  install(FILES LICENSE DESTINATION share/doc/${name} COMPONENT ${name} RENAME copyright)
  install(FILES CHANGELOG.md ${P_DOCS} DESTINATION share/doc/${name} COMPONENT ${name})
endfunction()

# towline_service(NAME CONFIG USER): a unit, a configuration file, and scripts that make the user,
# start the service, and clean up.
function(towline_service name config user)
  set(service ${name})
  foreach(script postinst prerm postrm)
    configure_file(${package_folder}/${script}.in ${package_made}/${name}/${script} @ONLY
                   FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
                                    WORLD_READ WORLD_EXECUTE)
    list(APPEND extra ${package_made}/${name}/${script})
  endforeach()
  file(CONFIGURE OUTPUT ${package_made}/${name}/conffiles CONTENT "/etc/towline/${config}\n")
  list(APPEND extra ${package_made}/${name}/conffiles)
  install(FILES ${package_folder}/${name}.service DESTINATION /lib/systemd/system COMPONENT ${name})
  # It may hold the broker's password: nobody else reads it. `postinst` names the group.
  install(FILES ${package_folder}/${config} DESTINATION /etc/towline COMPONENT ${name}
          PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ)
  string(TOUPPER ${name} upper)
  set(CPACK_DEBIAN_${upper}_PACKAGE_CONTROL_EXTRA "${extra}" PARENT_SCOPE)
  set(CPACK_DEBIAN_${upper}_PACKAGE_DEPENDS "passwd, init-system-helpers" PARENT_SCOPE)
endfunction()

towline_package(towline-server "durable workflows whose jobs run on workers"
                COMMANDS init-ca certificate broker-config
                DOCS docs/server.md docs/security.md docs/api.md docs/job-protocol.md)
towline_package(towline-worker "runs the jobs of Towline workflows on this machine"
                COMMANDS complete fail heartbeat progress
                DOCS docs/worker.md docs/security.md docs/job-protocol.md)
towline_package(towline "the command line of Towline" DOCS docs/cli.md)
towline_service(towline-server server.toml towline)
towline_service(towline-worker worker.toml towline-worker)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "The Towline developers <towline@towline.example>")
set(CPACK_PACKAGE_VENDOR Towline)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL towline-server towline-worker towline)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
# A library that is loaded only when it is needed is no dependency that a tool can find.
set(CPACK_DEBIAN_TOWLINE-SERVER_PACKAGE_NAME towline-server)
set(CPACK_DEBIAN_TOWLINE-SERVER_PACKAGE_RECOMMENDS "libcurl4, mosquitto, towline")
set(CPACK_DEBIAN_TOWLINE-WORKER_PACKAGE_NAME towline-worker)
set(CPACK_DEBIAN_TOWLINE-WORKER_PACKAGE_RECOMMENDS "libcurl4, libpq5")
set(CPACK_DEBIAN_TOWLINE_PACKAGE_NAME towline)
set(CPACK_COMPONENT_TOWLINE-SERVER_DESCRIPTION
    "durable workflows whose jobs run on workers behind firewalls
Runs Amazon States Language workflows and hands their jobs over MQTT to
workers that only dial out. State and history are kept in SQLite.")
set(CPACK_COMPONENT_TOWLINE-WORKER_DESCRIPTION
    "runs the jobs of Towline workflows on this machine
An agent that dials out to one MQTT broker and runs the programs, HTTP calls
and database queries that this site's own file allows.")
set(CPACK_COMPONENT_TOWLINE_DESCRIPTION
    "command line of Towline
Makes state machines, starts and follows executions, shows workers, and says
 what an execution waits for.")
include(CPack)
