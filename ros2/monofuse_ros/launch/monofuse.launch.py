"""ros2 launch monofuse_ros monofuse.launch.py image:=/camera/color/image_raw camera_info:=/camera/color/camera_info"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare


def generate_launch_description() -> LaunchDescription:
    config = PathJoinSubstitution([FindPackageShare("monofuse_ros"), "config", "monofuse.yaml"])
    return LaunchDescription([
        DeclareLaunchArgument("image", default_value="/camera/image_raw"),
        DeclareLaunchArgument("camera_info", default_value="/camera/camera_info"),
        DeclareLaunchArgument("config", default_value=config),
        Node(package="monofuse_ros", executable="slam", name="monofuse", output="screen",
             parameters=[LaunchConfiguration("config")],
             remappings=[("image", LaunchConfiguration("image")),
                         ("image/compressed", [LaunchConfiguration("image"), "/compressed"]),
                         ("camera_info", LaunchConfiguration("camera_info"))])])
