# Runs at `cmake --install`: the sample configuration and the systemd unit, with the paths of this prefix.
# An installation under /usr or /usr/local is configured in /etc, any other below its own prefix.
if(CMAKE_INSTALL_PREFIX MATCHES "^/usr(/local)?/?$")
  set(bhi_etc /etc/bhi-adapter)
else()
  set(bhi_etc "${CMAKE_INSTALL_PREFIX}/etc/bhi-adapter")
endif()
set(bhi_bin "${CMAKE_INSTALL_PREFIX}/${bhi_bindir}")

# A configuration that is there is the site's own and is kept; the new sample lies beside it.
set(sample bhi-adapter.yaml)
if(EXISTS "$ENV{DESTDIR}${bhi_etc}/bhi-adapter.yaml")
  set(sample bhi-adapter.yaml.new)
endif()
file(INSTALL "${bhi_packaging}/bhi-adapter.yaml" DESTINATION "${bhi_etc}" TYPE FILE RENAME "${sample}")

set(bhi_unit_folder "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/lib/systemd/system")
configure_file("${bhi_packaging}/bhi-adapter.service" "${bhi_unit_folder}/bhi-adapter.service" @ONLY)
message(STATUS "Installing: ${bhi_unit_folder}/bhi-adapter.service")
