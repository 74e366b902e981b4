target_sources(net_test PRIVATE
  allocation_count.cpp endpoint_test.cpp hold_store_test.cpp http_server_test.cpp ip_header_test.cpp
  sequencer_property_test.cpp sequencer_test.cpp spsc_ring_test.cpp udp_sender_test.cpp
  udp_source_test.cpp)
