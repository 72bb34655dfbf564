# Installation of the program, and of the package with which other projects build programs of their own:
#
#     find_package(cauchy REQUIRED)
#     target_link_libraries(mine PRIVATE cauchy::cauchy)

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(cauchy_package ${CMAKE_INSTALL_LIBDIR}/cmake/cauchy)
install(TARGETS cauchy RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS cauchy_all cauchy_options ${cauchy_rooms} EXPORT cauchyTargets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT cauchyTargets NAMESPACE cauchy:: DESTINATION ${cauchy_package})

configure_package_config_file(${PROJECT_SOURCE_DIR}/scripts/cmake/cauchyConfig.cmake.in
                              ${PROJECT_BINARY_DIR}/cauchyConfig.cmake INSTALL_DESTINATION ${cauchy_package})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/cauchyConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/cauchyConfig.cmake ${PROJECT_BINARY_DIR}/cauchyConfigVersion.cmake
              ${PROJECT_SOURCE_DIR}/scripts/cmake/CauchyHdf5.cmake
              ${PROJECT_SOURCE_DIR}/scripts/cmake/CauchyOneDnn.cmake
        DESTINATION ${cauchy_package})
install(FILES README.md CHANGELOG.md LICENSE CITATION.cff DESTINATION ${CMAKE_INSTALL_DOCDIR})
