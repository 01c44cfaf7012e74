# What an installation holds: programs, maps and profiles (in the layout of the source tree, so that one rule finds them in
# both), a commented sample configuration, a systemd unit.
include(GNUInstallDirs)
foreach(program bhi-adapter bhi bhi-ehr-sim)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endforeach()

install(DIRECTORY mappings fhir_profiles DESTINATION ${CMAKE_INSTALL_DATADIR}/bhi-adapter
        PATTERN "cases" EXCLUDE PATTERN "*.cpp" EXCLUDE PATTERN "README.md" EXCLUDE)
install(DIRECTORY tools/ehr_sim/samples DESTINATION ${CMAKE_INSTALL_DATADIR}/bhi-adapter/ehr_sim
        FILES_MATCHING PATTERN "*.json")

# Configuration and unit name absolute paths, which are known only when `cmake --install --prefix` runs.
install(CODE "set(bhi_packaging \"${CMAKE_SOURCE_DIR}/tools/packaging\")\nset(bhi_bindir \"${CMAKE_INSTALL_BINDIR}\")")
install(SCRIPT tools/cmake/install_service.cmake)
