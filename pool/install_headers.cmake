# Installs `headers` of the folder `from` into `to`, relative to the prefix. Here they call each
# other "pool/..."; installed "tapeline/pool/...", which no folder of a user's own can stand in for.
set(destination "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/${to}")
foreach(header IN LISTS headers)
  cmake_path(GET header FILENAME name)
  file(READ "${from}/${name}" text)
  string(REPLACE "#include \"pool/" "#include \"tapeline/pool/" text "${text}")
  message(STATUS "Installing: ${destination}/${name}")
  file(WRITE "${destination}/${name}" "${text}")
  list(APPEND CMAKE_INSTALL_MANIFEST_FILES "${destination}/${name}")
endforeach()
