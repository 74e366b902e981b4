target_sources(tapeline_app
  PRIVATE bar_file.cpp channel_status.cpp live_channel.cpp log.cpp pipeline.cpp replay.cpp
    stop_signal.cpp summary.cpp
  PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES bar_file.hpp channel_events.hpp
    channel_status.hpp live_channel.hpp log.hpp pacer.hpp pipeline.hpp rate_meter.hpp replay.hpp
    stop_signal.hpp summary.hpp version.hpp)
target_compile_definitions(tapeline_app PUBLIC TAPELINE_VERSION="${PROJECT_VERSION}")
