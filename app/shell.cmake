# The library of the program (configuration, subcommands, pipeline) and the program itself.
# Subcommands live in app/commands, one source each; commands/<name>.cpp joins when it is there.
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(spdlog REQUIRED)
find_package(yaml-cpp REQUIRED)
# The compiled library and its header must agree on the macros that pkg-config tells.
pkg_check_modules(TAPELINE_HTTPLIB REQUIRED IMPORTED_TARGET cpp-httplib)

tapeline_library(tapeline_app
  HEADERS
    commands/check.hpp
    commands/check_report.hpp
    commands/command.hpp
    commands/health_probe.hpp
    commands/healthcheck.hpp
    commands/options.hpp
    commands/usage.hpp
    config.hpp
    config_address.hpp
    config_document.hpp
    config_host.hpp
    config_reader.hpp
    nearest.hpp
  SOURCES
    commands/check.cpp
    commands/check_report.cpp
    commands/health_probe.cpp
    commands/healthcheck.cpp
    commands/options.cpp
    commands/usage.cpp
    config.cpp
    config_address.cpp
    config_document.cpp
    config_file.cpp
    config_host.cpp
    config_reader.cpp
    nearest.cpp
  LINKS
    tapeline_pool
  PRIVATE_LINKS
    CLI11::CLI11 nlohmann_json::nlohmann_json PkgConfig::TAPELINE_HTTPLIB spdlog::spdlog yaml-cpp)

foreach(part IN ITEMS codec net market feed archive status simulate)
  if(TARGET tapeline_${part})
    target_link_libraries(tapeline_app PUBLIC tapeline_${part})
  endif()
endforeach()
foreach(command IN ITEMS replay run simulate)
  if(EXISTS ${CMAKE_CURRENT_LIST_DIR}/commands/${command}.cpp)
    target_sources(tapeline_app
      PRIVATE commands/${command}.cpp
      PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES commands/${command}.hpp)
  endif()
endforeach()

add_executable(tapeline main.cpp)
target_link_libraries(tapeline PRIVATE tapeline_app CLI11::CLI11)
