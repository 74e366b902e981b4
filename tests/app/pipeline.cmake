add_executable(pipeline_test pipeline/session_ledger_test.cpp)
target_link_libraries(pipeline_test PRIVATE tapeline_app tapeline_simulate GTest::gtest_main)
gtest_discover_tests(pipeline_test DISCOVERY_MODE PRE_TEST)

# Replaces operator new, so it is a program of its own.
add_executable(steady_state_test pipeline/steady_state_test.cpp)
target_link_libraries(steady_state_test PRIVATE tapeline_app tapeline_simulate GTest::gtest_main)
gtest_discover_tests(steady_state_test DISCOVERY_MODE PRE_TEST)

add_test(NAME captures
  COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tests/cli/captures.py
          $<TARGET_FILE:tapeline>)
set_tests_properties(captures PROPERTIES SKIP_RETURN_CODE 77)

# Sockets, signals and the wall clock: not beside other tests. The kernel has to deliver every
# packet while the sender runs on the same two cores, so the rate is one for the release build.
if(NOT TAPELINE_SANITIZE)
  add_test(NAME live_session
    COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tests/live/live_session.py
            $<TARGET_FILE:tapeline> --seconds 30 --rate 200000)
  set_tests_properties(live_session PROPERTIES RUN_SERIAL ON TIMEOUT 180)
endif()
add_test(NAME live_interrupt
  COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tests/live/live_session.py
          $<TARGET_FILE:tapeline> --seconds 4 --rate 20000 --interrupt)
set_tests_properties(live_interrupt PROPERTIES RUN_SERIAL ON TIMEOUT 120)
