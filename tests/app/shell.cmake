# Configuration, command line and the subcommands that need no pipeline: app_test. The built
# program, from outside: the test `cli`.
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)

add_executable(app_test
  commands/check_report_test.cpp
  commands/health_probe_test.cpp
  commands/options_test.cpp
  commands/usage_test.cpp
  config_address_test.cpp
  config_document_test.cpp
  config_host_test.cpp
  config_test.cpp
  nearest_test.cpp)
target_compile_definitions(app_test PRIVATE
  TAPELINE_CONFIGS="${PROJECT_SOURCE_DIR}/configs")
target_link_libraries(app_test PRIVATE
  tapeline_app CLI11::CLI11 nlohmann_json::nlohmann_json GTest::gtest_main)
gtest_discover_tests(app_test DISCOVERY_MODE PRE_TEST)

find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME cli
  COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tests/cli/run_cli_tests.py
          $<TARGET_FILE:tapeline>
  WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
set_tests_properties(cli PROPERTIES TIMEOUT 120)
